package ledger

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
)

// ConfigError is one problem with one field of a configuration. [New] returns all
// that it finds, joined (see [errors.Join]).
type ConfigError = configerr.Error

// The default bounds. Names have at most [MaxNameBytes], so that a full ledger has
// some 50 MiB at the worst.
const (
	DefaultMaxClients    = 1024
	DefaultMaxOperations = 64
	DefaultMaxScopes     = 64
)

// MaxNameBytes is how long the name of an issuer, a client, a scope or an operation
// can be that is entered.
const MaxNameBytes = 256

// Config bounds a [Ledger] and says which tokens are too large. [New] copies it.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// MaxClients is how many clients are entered, those that come first. Zero:
	// [DefaultMaxClients].
	MaxClients int
	// MaxOperations is how many operations are entered for each client. Zero:
	// [DefaultMaxOperations].
	MaxOperations int
	// MaxScopes is how many scopes are entered for each client. Zero:
	// [DefaultMaxScopes].
	MaxScopes int

	// Ceilings are for [Ledger.Check]: what the tokens of clients may have at
	// most. For each token the one counts that is most specific: for its client and
	// issuer, then for its client, then for its issuer, then for all.
	Ceilings []Ceiling

	// Logger gets a warning for the first token of each client that is over its
	// ceiling, once for each [Excess]. Nil: no logging.
	Logger *slog.Logger

	// Clock is for tests. Nil: the system's.
	Clock validator.Clock
}

// A Ceiling says what the tokens of a client may have at most. Zero fields limit
// nothing; a Ceiling that limits nothing is an exception from a more general one.
type Ceiling struct {
	_ [0]func()

	// Issuer and ClientID say whose tokens these are. Empty: of any issuer, of any
	// client.
	Issuer, ClientID string

	// MaxLifetime is how long a token may live, from iat to exp, as a duration. A
	// token that does not say when it was issued is over it.
	MaxLifetime time.Duration
	// MaxScopes is how many scopes a token may have.
	MaxScopes int
	// Scopes are all that a token may have. Empty: any.
	Scopes []string
	// Audiences are all that a token may have in aud. Empty: any. Unlike the
	// others it costs an allocation for each request.
	Audiences []string

	// Refuse refuses tokens that are over the ceiling, with
	// [validator.CodeTokenRefused]. False: they are counted, and logged.
	Refuse bool
}

// normalize returns a copy of c with the defaults filled in, or every problem that
// it has.
func (c Config) normalize() (Config, error) {
	var problems configerr.List
	for _, bound := range []struct {
		field    string
		value    *int
		fallback int
	}{
		{"MaxClients", &c.MaxClients, DefaultMaxClients},
		{"MaxOperations", &c.MaxOperations, DefaultMaxOperations},
		{"MaxScopes", &c.MaxScopes, DefaultMaxScopes},
	} {
		problems.Check(*bound.value >= 0, bound.field, "negative")
		*bound.value = cmp.Or(*bound.value, bound.fallback)
	}
	c.Clock = clock.Or(c.Clock)
	c.Ceilings = slices.Clone(c.Ceilings)
	seen := map[party]bool{}
	for i := range c.Ceilings {
		ceiling, field := &c.Ceilings[i], fmt.Sprintf("Ceilings[%d]", i)
		problems.Check(!seen[ceiling.party()], field, "there is one for this issuer and client already")
		seen[ceiling.party()] = true
		problems.Check(ceiling.MaxLifetime >= 0, field+".MaxLifetime", "negative")
		problems.Check(ceiling.MaxScopes >= 0, field+".MaxScopes", "negative")
		problems.Check(!slices.Contains(ceiling.Scopes, ""), field+".Scopes", "an empty scope")
		problems.Check(!slices.Contains(ceiling.Audiences, ""), field+".Audiences", "an empty audience")
		ceiling.Scopes, ceiling.Audiences = slices.Clone(ceiling.Scopes), slices.Clone(ceiling.Audiences)
	}
	return c, problems.Err()
}
