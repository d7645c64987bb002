// Package notes is a server of the Model Context Protocol (MCP) behind bearerguard:
// everybody who is let in has notes of their own, and tools to read and write them.
package notes

import (
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// Path is where the MCP endpoint is.
	Path = "/mcp"
	// Read is the scope that everybody needs who comes here.
	Read = "notes:read"
	// Write is the scope of the tool "add" in addition.
	Write = "notes:write"
)

// New returns the server of the API that clients see at base, such as
// "https://notes.example.com". Its identifier is base+[Path], which is also the
// audience of its tokens: an MCP client asks for a token for the URL it connects to
// (RFC 8707).
func New(a validator.Authenticator, base string) (http.Handler, error) {
	auth, err := httpmw.New(a, httpmw.Config{
		Realm: "notes",
		Resource: &httpmw.Resource{
			URL:  base + Path,
			Name: "Notes",
			// What a client needs at first. It learns of the other scope from the
			// challenge of the tool that needs it.
			Scopes: []string{Read},
		},
	})
	if err != nil {
		return nil, err
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1"}, nil)
	gate := newGate(auth, server)
	var all store
	addTool(gate, &mcp.Tool{Name: "list", Description: "Returns your notes."}, scopes.All(Read), all.list)
	addTool(gate, &mcp.Tool{Name: "add", Description: "Adds a note."}, scopes.All(Read, Write), all.add)

	mux := auth.NewMux()
	mux.Public(auth.Metadata())
	mux.Handle("POST "+Path, scopes.All(Read), gate)
	return mux, nil
}
