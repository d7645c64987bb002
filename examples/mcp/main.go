// Command mcp shows a server of the Model Context Protocol that is guarded by
// bearerguard, and the official SDK's client, which is told nothing but the URL of
// the server and its own credentials: where to get tokens, and for which scopes, it
// finds out from the challenges and the metadata of the server (RFC 9728).
//
//	cd examples/mcp && go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/mcp/notes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/modelcontextprotocol/go-sdk/auth/extauth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mcp:", err)
		os.Exit(1)
	}
}

// run starts both servers and has two clients call them.
func run(ctx context.Context, out io.Writer) (err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	base := "http://" + listener.Addr().String()

	secret := devserver.NewSecret()
	auth, err := devserver.New(devserver.Config{Clients: []devserver.Client{
		{ID: "assistant", Secret: secret, Scopes: []string{notes.Read, notes.Write}, Audiences: []string{base + notes.Path}},
		{ID: "reader", Secret: secret, Scopes: []string{notes.Read}, Audiences: []string{base + notes.Path}},
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	if err := auth.Start(); err != nil {
		return err
	}
	handler, closer, err := api(auth.Issuer(), base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { err = errors.Join(err, server.Close()) }()

	for _, client := range []string{"assistant", "reader"} {
		session, err := connect(ctx, base+notes.Path, client, secret)
		if err != nil {
			return fmt.Errorf("%s connects: %w", client, err)
		}
		call(ctx, out, session, client, "add", map[string]any{"text": "water the plants"})
		call(ctx, out, session, client, "list", nil)
		_ = session.Close()
	}
	return nil
}

// api is the MCP server, for tokens that the issuer has issued for it.
func api(issuer, base string) (http.Handler, io.Closer, error) {
	v, err := validator.New(validator.Config{
		Issuer:               issuer,
		Audiences:            []string{base + notes.Path},
		Profile:              validator.ProfileRFC9068,
		InsecureLoopbackHTTP: true, // this program runs on loopback only
	})
	if err != nil {
		return nil, nil, err
	}
	handler, err := notes.New(v, base)
	return handler, v, err
}

// connect is all that a program has to do that uses the SDK.
func connect(ctx context.Context, endpoint, id, secret string) (*mcp.ClientSession, error) {
	handler, err := extauth.NewClientCredentialsHandler(&extauth.ClientCredentialsHandlerConfig{
		Credentials: &oauthex.ClientCredentials{ClientID: id, ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: secret}},
	})
	if err != nil {
		return nil, err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: id, Version: "1"}, nil)
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: endpoint, OAuthHandler: handler, DisableStandaloneSSE: true, // the server sends nothing unasked
	}, nil)
}

// call prints what comes of a call.
func call(ctx context.Context, out io.Writer, session *mcp.ClientSession, client, tool string, arguments map[string]any) {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	switch {
	case err != nil:
		_, _ = fmt.Fprintf(out, "%-9s  %-4s  refused\n", client, tool)
	case result.IsError:
		_, _ = fmt.Fprintf(out, "%-9s  %-4s  failed\n", client, tool)
	default:
		_, _ = fmt.Fprintf(out, "%-9s  %-4s  %v\n", client, tool, result.StructuredContent)
	}
}
