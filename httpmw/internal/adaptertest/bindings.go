package adaptertest

import (
	"context"
	"errors"

	"github.com/bearerguard/bearerguard/validator"
)

// proofs configures a binding with the scheme DPoP that says the same to everybody. It
// has a nonce for whoever gets past it, and for those whom it refuses for want of one.
func proofs(refusal error, required bool) func(*validator.Config) {
	return func(c *validator.Config) {
		c.Bindings = []validator.Binding{proof{refusal, required}}
	}
}

type proof struct {
	refusal  error
	required bool
}

func (proof) Member() string { return "jkt" }

func (p proof) Scheme() validator.Scheme {
	return validator.Scheme{Name: "DPoP", Algorithms: []string{"ES256", "EdDSA"}, Required: p.required}
}

func (p proof) Verify(_ context.Context, c validator.Credential, _ string) error {
	if e, ok := errors.AsType[*validator.Error](p.refusal); c.Reply != nil && (!ok || e.Code() == validator.CodeDPoPNonceRequired) {
		c.Reply.DPoPNonce = "n-0S6"
	}
	return p.refusal
}

// inactive is an introspector that knows no token.
type inactive struct{}

func (inactive) Introspect(context.Context, string) ([]byte, error) {
	return nil, validator.NewError(validator.CodeTokenInactive, errors.New(private))
}

// revoked has revoked everything.
type revoked struct{}

func (revoked) Revoked(context.Context, *validator.Token) (bool, error) { return true, nil }

// down cannot tell anything.
type down struct{}

func (down) Introspect(context.Context, string) ([]byte, error) { return nil, errors.New(private) }
func (down) Revoked(context.Context, *validator.Token) (bool, error) {
	return false, errors.New(private)
}
