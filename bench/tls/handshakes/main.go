// Command handshakes opens one TLS 1.3 connection per request for a while and counts them:
// handshakes full|resumed SECONDS URL COOKIE CA-FILE. It prints {"connections":N,"resumed":N}.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const workers = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("usage: handshakes full|resumed SECONDS URL COOKIE CA-FILE")
	}
	seconds, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return err
	}
	target, err := url.Parse(args[2])
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(args[4])
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var connections, resumed atomic.Int64
	var failure atomic.Value
	var all sync.WaitGroup
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			config := &tls.Config{RootCAs: roots, ServerName: target.Hostname(), MinVersion: tls.VersionTLS13}
			if args[0] == "resumed" {
				config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			}
			for first := true; time.Now().Before(end) && failure.Load() == nil; first = false {
				did, err := once(target, args[3], config)
				if err != nil {
					failure.Store(err)
					return
				}
				// The first of a worker has no ticket yet.
				if args[0] == "full" || !first {
					connections.Add(1)
					if did {
						resumed.Add(1)
					}
				}
			}
		}()
	}
	all.Wait()
	if err, failed := failure.Load().(error); failed {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int64{"connections": connections.Load(), "resumed": resumed.Load()})
}

// once asks one question over a new connection and reads the whole answer, so that tickets arrive.
func once(target *url.URL, cookie string, config *tls.Config) (bool, error) {
	plain, err := net.Dial("tcp", target.Host)
	if err != nil {
		return false, err
	}
	defer plain.Close()
	connection := tls.Client(plain, config)
	if err := connection.Handshake(); err != nil {
		return false, err
	}
	request := "GET " + target.RequestURI() + " HTTP/1.1\r\nHost: " + target.Host + "\r\nConnection: close\r\n"
	if cookie != "" {
		request += "Cookie: " + cookie + "\r\n"
	}
	if _, err := io.WriteString(connection, request+"\r\n"); err != nil {
		return false, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return false, err
	}
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s answers %s", target, answer.Status)
	}
	return connection.ConnectionState().DidResume, nil
}
