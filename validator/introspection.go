package validator

import (
	"context"
	"errors"
	"strings"
)

var (
	errTokenType   = errors.New("token_type is not that of an access token")
	errNoTokenType = errors.New("nothing in the answer tells an access token from a refresh token")
	errNoClaims    = errors.New("the introspector returned neither claims nor an error")
)

// An Introspector asks the authorization server about tokens that say nothing by
// themselves (RFC 7662). Package introspect has one. Implementations are safe for
// concurrent use.
type Introspector interface {
	// Introspect returns what the authorization server tells of an active token:
	// a JSON object, which must not be modified. The error is an [*Error]:
	// [CodeTokenInactive], or [CodeDependencyUnavailable] if it cannot tell.
	Introspect(ctx context.Context, token string) (claims []byte, err error)
}

// introspects reports whether a token is one to ask about.
func (v *Validator) introspects(raw string) bool {
	return v.config.Introspector != nil && (v.config.IntrospectJWTs || !looksLikeJWT(raw))
}

// looksLikeJWT reports whether a token has the shape of a JWT in compact form: three
// parts, of which the first is an object ("e" and what follows it are "{" in
// base64url). It says nothing about whether it is a good one.
func looksLikeJWT(token string) bool {
	return strings.Count(token, ".") == 2 && strings.HasPrefix(token, "e")
}

// introspected is the pipeline for a token of which only the authorization server
// knows what it says (RFC 7662 §2.2). The same rules apply; what takes the place of
// the signature is that the authorization server was asked.
func (v *Validator) introspected(ctx context.Context, raw string) (*Token, *retiringName, *Error) {
	answer, failure := v.config.Introspector.Introspect(ctx, raw)
	if err := checkIntrospected(ctx, answer, failure); err != nil {
		return nil, nil, err
	}
	var claims claims
	if err := v.parseClaims(&claims, answer); err != nil {
		return nil, nil, err
	}
	if err := v.checkIntrospectedKind(&claims); err != nil {
		return nil, nil, err
	}
	now := v.clock.Now()
	if claims.issuer == "" {
		claims.issuer = v.config.Issuer // it is the one that was asked
	}
	audience, err := v.checkClaims(&claims, now)
	if err != nil {
		return nil, nil, err
	}
	token, err := v.tokenOf(&claims, answer)
	if err != nil {
		return nil, nil, err
	}
	token.introspected = true
	return token, audience, nil
}

// checkIntrospected refuses a token of which there are no claims.
func checkIntrospected(ctx context.Context, answer []byte, failure error) *Error {
	switch {
	case failure != nil:
		return outcome(ctx, failure, CodeDependencyUnavailable)
	case answer == nil:
		return NewError(CodeInternal, errNoClaims)
	}
	return nil
}

// checkIntrospectedKind refuses what is active, but not an access token: refresh
// tokens above all, which RFC 7662 §2.1 lets be asked about too. A server that says
// nothing of what kind a token is tells them apart by their audience, if at all, so
// without a look at that it has to say (RFC 7662 §2.2: token_type).
func (v *Validator) checkIntrospectedKind(c *claims) *Error {
	if c.tokenType != "" && !strings.EqualFold(c.tokenType, "Bearer") && !strings.EqualFold(c.tokenType, "DPoP") {
		return NewError(CodeTokenKindNotAllowed, errTokenType)
	}
	if v.config.DangerouslySkipAudience && c.tokenType == "" && !c.hasTokenUse && !c.hasTyp {
		return NewError(CodeTokenKindNotAllowed, errNoTokenType)
	}
	if c.hasTokenUse && c.tokenUse == "access_token" { // as Ory Hydra has it
		c.tokenUse = "access"
	}
	return checkKind(&header{}, c, ProfileJWT)
}
