package validatortest

import (
	"context"
	"fmt"
	"sync"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// contextKey signs the tokens of [WithToken]. Nobody publishes it.
var contextKey = sync.OnceValue(func() *Key { return NewKey("in-memory", "EdDSA") })

// WithToken returns a context as a handler gets it behind a guard:
// [validator.TokenFrom] finds a token with the given claims. The token is signed
// with a key that only this package has and validated like any other, so claims
// that no validator accepts, expired ones for example, panic. The edits change the
// validator's configuration, for scope claims of one's own for example; unless
// they do so, its issuer and audiences are those of the claims.
//
// It is for unit tests of handlers. A guard in front of them wants to see an
// Authorization header: tests of the whole want an [Issuer].
func WithToken(ctx context.Context, c Claims, edits ...func(*validator.Config)) context.Context {
	authorized, err := withToken(ctx, c, edits)
	if err != nil {
		panic(fmt.Sprintf("validatortest: claims that make no valid token: %v", err))
	}
	return authorized
}

func withToken(ctx context.Context, c Claims, edits []func(*validator.Config)) (context.Context, error) {
	key := contextKey()
	public, err := jwks.NewKey(key.id, key.algorithm, key.Public())
	if err != nil {
		return nil, err
	}
	set, err := jwks.NewSet(public)
	if err != nil {
		return nil, err
	}
	config := validator.Config{Keys: jwks.Static(set)}
	for _, edit := range edits {
		edit(&config)
	}
	t := c.draft(defaultIssuer, defaultAudience, key, clock.Or(config.Clock).Now())
	if config.Issuer == "" {
		config.Issuer, _ = t.claims["iss"].(string)
	}
	if len(config.Audiences) == 0 && !config.DangerouslySkipAudience {
		switch audience := t.claims["aud"].(type) {
		case string:
			config.Audiences = []string{audience}
		case []string:
			config.Audiences = audience
		}
	}
	header, payload, err := t.encode()
	if err != nil {
		return nil, err
	}
	v, err := validator.New(config)
	if err != nil {
		return nil, err
	}
	defer func() { _ = v.Close() }()
	authorized, _, err := validator.NewGuard(v).Authorize(ctx, validator.Request{
		Operation:     "validatortest.WithToken",
		Requirement:   scopes.Authenticated(),
		Authorization: []string{"Bearer " + key.sign(header, payload)},
	})
	if err != nil {
		return nil, err
	}
	return authorized, nil
}
