package peers

import (
	"context"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/golang-jwt/jwt/v5"
)

// jwtClaims are the claims in golang-jwt's form.
type jwtClaims struct {
	jwt.RegisteredClaims
	Claims
}

// jwtParser is a golang-jwt parser with its keys.
type jwtParser struct {
	parser *jwt.Parser
	keys   keyfunc.Keyfunc
}

func newJWTParser(ctx context.Context, i *fixture.Issuer, algorithm string) (*jwtParser, error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{i.JWKSURL})
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{algorithm}),
		jwt.WithIssuer(i.URL),
		jwt.WithAudience(fixture.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
	)
	return &jwtParser{parser, keys}, nil
}

func (p *jwtParser) parse(raw string) (*jwtClaims, error) {
	var claims jwtClaims
	_, err := p.parser.ParseWithClaims(raw, &claims, p.keys.Keyfunc)
	return &claims, err
}

func newGolangJWT(ctx context.Context, i *fixture.Issuer, algorithm string) (Verify, error) {
	p, err := newJWTParser(ctx, i, algorithm)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, raw string) error {
		_, err := p.parse(raw)
		return err
	}, nil
}
