// A real Dex, put together from its own packages: `cmd/dex` of this commit does not build from the module
// registry. Takes what `dex serve` takes of a configuration, as JSON, keeps everything in memory, and
// listens where web.http says.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/session"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
)

type configuration struct {
	Issuer string `json:"issuer"`
	Web    struct {
		HTTP           string   `json:"http"`
		AllowedOrigins []string `json:"allowedOrigins"`
	} `json:"web"`
	OAuth2 struct {
		GrantTypes            []string `json:"grantTypes"`
		ResponseTypes         []string `json:"responseTypes"`
		SkipApprovalScreen    bool     `json:"skipApprovalScreen"`
		AlwaysShowLoginScreen bool     `json:"alwaysShowLoginScreen"`
		PasswordConnector     string   `json:"passwordConnector"`
	} `json:"oauth2"`
	Expiry struct {
		IDTokens       string `json:"idTokens"`
		AuthRequests   string `json:"authRequests"`
		DeviceRequests string `json:"deviceRequests"`
		SigningKeys    string `json:"signingKeys"`
	} `json:"expiry"`
	// Dex's own sessions, new after 2.45.
	Sessions *struct {
		CookieName string `json:"cookieName"`
	} `json:"sessions"`
	Connectors []struct {
		Type   string          `json:"type"`
		ID     string          `json:"id"`
		Name   string          `json:"name"`
		Config json.RawMessage `json:"config"`
	} `json:"connectors"`
	EnablePasswordDB bool             `json:"enablePasswordDB"`
	StaticClients    []storage.Client `json:"staticClients"`
	StaticPasswords  []struct {
		Email    string   `json:"email"`
		Hash     string   `json:"hash"`
		Username string   `json:"username"`
		UserID   string   `json:"userID"`
		Groups   []string `json:"groups"`
	} `json:"staticPasswords"`
}

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	fail := func(err error) {
		if err != nil {
			log.Error(err.Error())
			os.Exit(1)
		}
	}
	text, err := os.ReadFile(os.Args[len(os.Args)-1])
	fail(err)
	var c configuration
	fail(json.Unmarshal(text, &c))
	lifetime := func(text string, otherwise time.Duration) time.Duration {
		if text == "" {
			return otherwise
		}
		d, err := time.ParseDuration(text)
		fail(err)
		return d
	}

	kept := memory.New(log)
	s := storage.WithStaticClients(kept, c.StaticClients)
	passwords := make([]storage.Password, len(c.StaticPasswords))
	for i, p := range c.StaticPasswords {
		passwords[i] = storage.Password{
			Email: p.Email, Hash: []byte(p.Hash), Username: p.Username, UserID: p.UserID, Groups: p.Groups,
		}
	}
	s = storage.WithStaticPasswords(s, passwords, log)
	var ways []storage.Connector
	for _, one := range c.Connectors {
		ways = append(ways, storage.Connector{ID: one.ID, Type: one.Type, Name: one.Name, Config: one.Config})
	}
	if c.EnablePasswordDB {
		ways = append(ways, storage.Connector{
			ID: connectors.LocalConnector, Name: "Email", Type: connectors.LocalConnector,
		})
	}
	s = storage.WithStaticConnectors(s, ways)

	now := func() time.Time { return time.Now().UTC() }
	idTokens := lifetime(c.Expiry.IDTokens, 24*time.Hour)
	rotation := c.Expiry.SigningKeys
	if rotation == "" {
		rotation = "6h"
	}
	keys, err := (&signer.LocalConfig{KeysRotationPeriod: rotation}).Open(context.Background(), s, idTokens, now, log)
	fail(err)
	policy, err := tokens.NewRefreshTokenPolicy(log, false, "", "", "3s")
	fail(err)
	settings := server.Config{
		Issuer:                 c.Issuer,
		Storage:                s,
		Signer:                 keys,
		AllowedGrantTypes:      c.OAuth2.GrantTypes,
		SupportedResponseTypes: c.OAuth2.ResponseTypes,
		SkipApprovalScreen:     c.OAuth2.SkipApprovalScreen,
		AlwaysShowLoginScreen:  c.OAuth2.AlwaysShowLoginScreen,
		PasswordConnector:      c.OAuth2.PasswordConnector,
		AllowedOrigins:         c.Web.AllowedOrigins,
		IDTokensValidFor:       idTokens,
		AuthRequestsValidFor:   lifetime(c.Expiry.AuthRequests, 24*time.Hour),
		DeviceRequestsValidFor: lifetime(c.Expiry.DeviceRequests, 5*time.Minute),
		RefreshTokenPolicy:     policy,
		Web:                    server.WebConfig{Issuer: "dex", Theme: "light", WebFS: web.FS()},
		Logger:                 log,
		Now:                    now,
	}
	if c.Sessions != nil {
		settings.SessionConfig = &session.Config{
			CookieName:        c.Sessions.CookieName,
			AbsoluteLifetime:  24 * time.Hour,
			ValidIfNotUsedFor: time.Hour,
		}
	}
	dex, err := server.NewServer(context.Background(), settings)
	fail(err)
	log.Info("listening", "address", c.Web.HTTP)
	fail(http.ListenAndServe(c.Web.HTTP, dex))
}
