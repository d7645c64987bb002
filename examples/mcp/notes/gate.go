package notes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxBody is how many bytes a request may have.
const maxBody = 64 << 10

// A gate stands in front of an MCP server, all of whose tools have one URL, and asks
// for the scopes of the tool that a request calls. The tool could do that itself;
// but its answer would have status 200, and only from a 403 does a client learn what
// to ask its authorization server for (MCP authorization, "Step-Up Authorization
// Flow").
type gate struct {
	auth   *httpmw.Auth
	server *mcp.Server
	needs  map[string]scopes.Requirement
	next   http.Handler
}

func newGate(auth *httpmw.Auth, server *mcp.Server) *gate {
	server.AddReceivingMiddleware(onlyJudged)
	return &gate{
		auth:   auth,
		server: server,
		needs:  map[string]scopes.Requirement{},
		// Stateless, so that the context of a tool is that of its own request: in a
		// session it would be that of the first one, with the first one's token.
		next: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
			&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true}),
	}
}

// addTool is the only way to a tool, so that there is none without a rule.
func addTool[In, Out any](g *gate, tool *mcp.Tool, needs scopes.Requirement, handler mcp.ToolHandlerFor[In, Out]) {
	g.needs[tool.Name] = needs
	mcp.AddTool(g.server, tool, handler)
}

// judged is the key of the name of the tool that the request may call.
type judged struct{}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request is too large, or has no end", http.StatusRequestEntityTooLarge)
		return
	}
	ctx := r.Context()
	if tool, ok := calledTool(body); ok && !g.needs[tool].IsZero() { // another one is unknown to the server, too
		if _, err := g.auth.Check(r, g.needs[tool]); err != nil {
			g.auth.Deny(w, r, err)
			return
		}
		ctx = context.WithValue(ctx, judged{}, tool)
	}
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.next.ServeHTTP(w, r)
}

// calledTool returns the name of the tool that the message calls.
func calledTool(message []byte) (name string, ok bool) {
	decoded, err := jsonrpc.DecodeMessage(message)
	if err != nil {
		return "", false
	}
	request, ok := decoded.(*jsonrpc.Request)
	if !ok || request.Method != callTool {
		return "", false
	}
	var params mcp.CallToolParamsRaw
	if err := json.Unmarshal(request.Params, &params); err != nil {
		return "", false
	}
	return params.Name, true
}

const callTool = "tools/call"

// onlyJudged refuses the call of a tool that is not the one which the gate has seen,
// in a batch for example: what it has not understood as the server has is not called.
func onlyJudged(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, request mcp.Request) (mcp.Result, error) {
		if method == callTool {
			params, ok := request.GetParams().(*mcp.CallToolParamsRaw)
			if !ok || ctx.Value(judged{}) != params.Name {
				return nil, errNotJudged
			}
		}
		return next(ctx, method, request)
	}
}

var errNotJudged = errors.New("call one tool per request, and one that exists")
