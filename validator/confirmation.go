package validator

import (
	"context"
	"errors"
	"fmt"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	errConfirmation = errors.New("cnf is not an object of thumbprints")
	errUnknownBound = errors.New("the token is bound in a way that is not supported")
)

func (c *Config) normalizeBindings(problems *configerr.List) {
	c.Bindings = append([]Binding(nil), c.Bindings...)
	members := map[string]bool{}
	schemes := 0
	for i, b := range c.Bindings {
		field := fmt.Sprintf("Bindings[%d]", i)
		if configerr.IsNil(b) {
			problems.Add(field, "nil")
			continue
		}
		problems.Check(b.Member() != "" && !members[b.Member()], field, "there is a Binding for this member of cnf already")
		members[b.Member()] = true
		if _, ok := b.(SchemeBinding); ok {
			schemes++
		}
	}
	problems.Check(schemes <= 1, "Bindings", "more than one with a scheme of its own")
}

// readConfirmation returns the thumbprints of a cnf claim, one per binding, nil if
// the claim is absent. Whatever is in the claim beside them is a way of binding
// that nobody here can check, and refused (RFC 7800 §3.1 leaves that to the
// application; who ignored it would take a bound token for a bearer token).
func readConfirmation(value jsontext.Value, bindings []Binding) ([]string, *Error) {
	if value == nil {
		return nil, nil
	}
	thumbprints := make([]string, len(bindings))
	bound := false
	err := strictjson.Object(value, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		thumbprint, ok := strictjson.String(value)
		if !ok || !isThumbprint(thumbprint) {
			return errConfirmation
		}
		for i, b := range bindings {
			if b.Member() == string(name) {
				thumbprints[i], bound = thumbprint, true
				return nil
			}
		}
		return errUnknownBound
	})
	switch {
	case err != nil:
		return nil, NewError(CodeBindingFailed, err)
	case !bound:
		return nil, NewError(CodeBindingFailed, errConfirmation)
	}
	return thumbprints, nil
}

// isThumbprint reports whether s is a SHA-256 in base64url (RFC 7638 §3, RFC 8705
// §3.1).
func isThumbprint(s string) bool {
	decoded, ok := jws.AppendDecoded(nil, []byte(s))
	return ok && len(decoded) == 32
}

// checkBindings asks every binding whether the request may use the token.
func (v *Validator) checkBindings(ctx context.Context, c Credential, t *Token) *Error {
	for i, b := range v.config.Bindings {
		thumbprint := ""
		if t.thumbprints != nil {
			thumbprint = t.thumbprints[i]
		}
		if err := b.Verify(ctx, c, thumbprint); err != nil {
			return outcome(ctx, err, CodeDependencyUnavailable)
		}
	}
	return nil
}
