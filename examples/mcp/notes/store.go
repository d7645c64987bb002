package notes

import (
	"context"
	"errors"
	"sync"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxNotes is how many notes one owner may have.
const maxNotes = 100

// A store has the notes of each owner, who is known by the token of the request. The
// zero value is empty.
type store struct {
	mu      sync.Mutex
	byOwner map[owner][]string
}

// An owner is a subject of an issuer: the user, or the client itself.
type owner struct{ issuer, subject string }

// A note is the input of "add".
type note struct {
	Text string `json:"text" jsonschema:"what to remember"`
}

// listed is the output of both tools.
type listed struct {
	Notes []string `json:"notes"`
}

func (s *store) list(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, listed, error) {
	who, err := ownerFrom(ctx)
	if err != nil {
		return nil, listed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return nil, s.listed(who), nil
}

func (s *store) add(ctx context.Context, _ *mcp.CallToolRequest, n note) (*mcp.CallToolResult, listed, error) {
	who, err := ownerFrom(ctx)
	if err != nil {
		return nil, listed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byOwner[who]) == maxNotes {
		return nil, listed{}, errors.New("you have too many notes")
	}
	if s.byOwner == nil {
		s.byOwner = map[owner][]string{}
	}
	s.byOwner[who] = append(s.byOwner[who], n.Text)
	return nil, s.listed(who), nil
}

func (s *store) listed(who owner) listed {
	return listed{append([]string{}, s.byOwner[who]...)} // an empty list is one
}

func ownerFrom(ctx context.Context) (owner, error) {
	token, ok := validator.TokenFrom(ctx)
	if !ok {
		return owner{}, errors.New("no token")
	}
	return owner{token.Issuer(), token.Subject()}, nil
}
