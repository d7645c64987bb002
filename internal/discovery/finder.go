package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

// A Finder asks an issuer where one of its endpoints is. One goroutine at a time uses
// it.
type Finder struct {
	client           *fetch.Client
	issuer           string
	member           string
	showsCertificate bool
	insecureLoopback bool

	locations [2]*url.URL
	preferred int // which of the two is asked first
}

// NewFinder returns a Finder of the URL that is the given member of the metadata (see
// [Endpoint]). The identifier is the issuer as it must stand there, letter by letter.
func NewFinder(client *fetch.Client, issuer *url.URL, identifier, member string, showsCertificate, insecureLoopback bool) *Finder {
	return &Finder{
		client: client, issuer: identifier, member: member, showsCertificate: showsCertificate, insecureLoopback: insecureLoopback,
		locations: Locations(issuer),
	}
}

// Find asks for one document, and then for the other. The error joins what is wrong
// with each.
func (f *Finder) Find(ctx context.Context) (*url.URL, error) {
	var problems []error
	for i := range f.locations {
		u := f.locations[(f.preferred+i)%len(f.locations)]
		found, err := f.read(ctx, u)
		if err == nil {
			return found, nil
		}
		problems = append(problems, fmt.Errorf("metadata at %s: %w", u.Path, err))
		if errors.Is(err, fetch.ErrTimeout) || ctx.Err() != nil {
			// A document that hangs must not keep the other from ever being
			// asked.
			f.preferred = (f.preferred + i + 1) % len(f.locations)
			break
		}
	}
	return nil, errors.Join(problems...)
}

func (f *Finder) read(ctx context.Context, u *url.URL) (*url.URL, error) {
	response, err := f.client.Get(ctx, u, http.Header{"Accept": {"application/json"}})
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, f.client.Refused(response)
	}
	return Endpoint(response.Body, f.issuer, f.member, f.showsCertificate, f.insecureLoopback)
}
