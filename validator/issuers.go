package validator

import (
	"cmp"
	"context"
	"fmt"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// Issuers validates the tokens of several issuers, each by a [Validator] of its
// own, with its own keys, audiences, algorithms and rules. It is
// safe for concurrent use.
type Issuers struct {
	first    *Validator
	opaque   *Validator // that takes what is not a JWT; nil: none
	schemes  []Scheme
	byIssuer map[string]*Validator
	routes   routes
}

var (
	_ Authenticator = (*Issuers)(nil)
	_ Observer      = (*Issuers)(nil)
)

// ByIssuer returns an authenticator that hands each token to the validator of
// its issuer. A token of any other issuer is refused, without a word to anybody.
// Keys never cross issuers, even if their ids are the same, and an issuer that
// is out of order has no effect on another. The validators stay the caller's to
// close. A token that is not a JWT goes to the one that has an Introspector; there
// can be one of those at most. The error joins every problem, each a [*ConfigError].
func ByIssuer(validators ...*Validator) (*Issuers, error) {
	var problems configerr.List
	problems.Check(len(validators) > 0, "validators", "required: at least one")
	s := &Issuers{byIssuer: make(map[string]*Validator, len(validators))}
	for i, v := range validators {
		field := fmt.Sprintf("validators[%d]", i)
		if v == nil {
			problems.Add(field, "nil")
			continue
		}
		problems.Check(s.byIssuer[v.config.Issuer] == nil, field, "the issuer has a validator already")
		s.byIssuer[v.config.Issuer] = v
		if v.config.Introspector != nil {
			problems.Check(s.opaque == nil, field, "another one has an Introspector: an opaque token does not say which issuer to ask")
			s.opaque = v
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	s.first, s.schemes = validators[0], mergeSchemes(validators)
	return s, nil
}

// Validate implements [Authenticator]. The issuer is matched before anything else
// that the token says.
func (s *Issuers) Validate(ctx context.Context, c Credential) (token *Token, err error) {
	defer recoveredResult(&token, &err)
	if refusal := receive(ctx, c, s.schemes); refusal != nil {
		return nil, refusal
	}
	if s.opaque != nil && !looksLikeJWT(c.Token) {
		return s.ask(ctx, s.opaque, c, nil)
	}
	digest, issuer, refusal := s.routes.find(c)
	if refusal != nil {
		return nil, refusal
	}
	v := s.byIssuer[issuer]
	if v == nil {
		return nil, NewError(CodeIssuerNotAllowed, errIssuer)
	}
	if token, err = s.ask(ctx, v, c, &digest); err == nil {
		s.routes.learn(&digest, v.config.Issuer)
	}
	return token, err
}

// ask has one of the validators decide.
func (s *Issuers) ask(ctx context.Context, v *Validator, c Credential, d *digest) (*Token, error) {
	refusal := checkScheme(c, v.schemes) // it may be that of another one
	if refusal != nil {
		return nil, refusal.judgedBy(v)
	}
	token, refusal := v.authenticate(ctx, c, d)
	if refusal != nil {
		return nil, refusal.judgedBy(v)
	}
	return token, nil
}

// Observe implements [Observer]: it reports the decision to the validator that it
// concerns, and a decision that concerns none, because there are no credentials
// or the issuer is unknown, to the first.
func (s *Issuers) Observe(ctx context.Context, d Decision) {
	cmp.Or(d.judge, s.first).Observe(ctx, d)
}

// peekIssuer reads nothing but iss of a token. What it returns is unverified, and
// only ever compared with what is configured.
func peekIssuer(token string) (issuer string, _ *Error) {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	jws, refusal := parseCompact(token, scratch, nil)
	if refusal != nil {
		return "", refusal
	}
	err := strictjson.Object(jws.payload, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		if string(name) == "iss" {
			issuer, ok = strictjson.String(value)
		}
		if !ok {
			return errClaimType
		}
		return nil
	})
	switch {
	case err != nil:
		return "", NewError(CodeClaimInvalid, err)
	case issuer == "":
		return "", NewError(CodeClaimMissing, errNoIssuer)
	}
	return issuer, nil
}
