//go:build tools

// What is built here is named so that go.mod keeps it.
package tools

import _ "github.com/oauth2-proxy/oauth2-proxy/v7"
