package validator

import (
	"errors"
	"strings"
)

// A Profile says which tokens count as access tokens.
type Profile uint8

const (
	// ProfileJWT accepts access tokens in the RFC 9068 form and, because most
	// authorization servers do not use it, plain JWTs that nothing marks as
	// another kind of token. An ID token without any mark is then told apart by
	// its audience only, so a client id must not be one of the audiences.
	ProfileJWT Profile = iota
	// ProfileRFC9068 accepts the JWT profile for access tokens only: typ
	// "at+jwt" (RFC 9068 §4) and every claim that RFC 9068 §2.2 requires.
	ProfileRFC9068
)

var (
	errHeaderTyp    = errors.New("typ is that of another kind of token")
	errPayloadKind  = errors.New("token_use or typ claim is that of another kind of token")
	errKindMarker   = errors.New("a claim that only other kinds of token have")
	errProfileTyp   = errors.New("typ is not at+jwt")
	errProfileClaim = errors.New("a claim that RFC 9068 §2.2 requires is missing")
)

// checkKind refuses what is not an access token (RFC 8725 §3.11 and §3.12,
// RFC 9068 §4): ID tokens, refresh tokens, logout tokens, security events, DPoP
// proofs, introspection answers, client assertions.
func checkKind(h *header, c *claims, profile Profile) *Error {
	if strings.EqualFold(h.typ, "at+jwt") || strings.EqualFold(h.typ, "application/at+jwt") {
		if profile == ProfileRFC9068 && !c.hasAllOfRFC9068() {
			return NewError(CodeClaimMissing, errProfileClaim)
		}
		return nil
	}
	if profile == ProfileRFC9068 {
		return NewError(CodeTokenKindNotAllowed, errProfileTyp)
	}
	if h.hasTyp && !strings.EqualFold(h.typ, "JWT") {
		return NewError(CodeTokenKindNotAllowed, errHeaderTyp)
	}
	if c.hasTokenUse || c.hasTyp {
		if c.hasTokenUse && !namesAccessToken(c.tokenUse) || c.hasTyp && !namesAccessToken(c.typ) {
			return NewError(CodeTokenKindNotAllowed, errPayloadKind)
		}
		return nil
	}
	if c.otherKind {
		return NewError(CodeTokenKindNotAllowed, errKindMarker)
	}
	return nil
}

// namesAccessToken reports whether a token_use claim (Amazon Cognito) or a typ
// claim (Keycloak) says that the token is an access token.
func namesAccessToken(kind string) bool {
	return kind == "access" || kind == "Bearer" || kind == "DPoP"
}

// isKindMarker reports whether a claim belongs to other kinds of token only:
// ID tokens (OpenID Connect Core §2 and §3.3.2.11), security events and logout
// tokens (RFC 8417 §2.2), introspection answers (RFC 9701 §5), DPoP proofs
// (RFC 9449 §4.2), request objects (RFC 9101 §4).
func isKindMarker(claim string) bool {
	switch claim {
	case "nonce", "at_hash", "c_hash", "s_hash", "events", "token_introspection", "htm", "response_type":
		return true
	}
	return false
}
