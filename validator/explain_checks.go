package validator

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
)

// received explains [receive].
func (e *explainer) received() {
	e.check(stepScheme, e.v.wantScheme(), true, func() *Error {
		if err := e.ctx.Err(); err != nil {
			return NewInterruptedError(err)
		}
		return checkScheme(e.credential, e.v.schemes)
	})
	e.check(stepSize, "at most 16 KiB", true, func() *Error { return checkSize(e.credential.Token) })
}

// judged explains [Validator.judge]. What it reads is kept from hostile tokens by
// their size; where the claims are of another issuer, its keys are not looked for.
func (e *explainer) judged() {
	var (
		jws   compactJWS
		h     header
		keys  []*jwks.Key
		small = e.Checks[len(e.Checks)-1].Outcome == Passed
	)
	compact := e.check(stepCompact, "", small, func() (err *Error) {
		jws, err = parseCompact(e.credential.Token, new([]byte), nil)
		return err
	})
	e.Header = e.print.headerFields(jws.header)
	headed := e.check(stepHeader, "", compact, func() (err *Error) {
		h, err = parseHeader(jws.header)
		return err
	})
	algorithm := e.check(stepAlgorithm, strings.Join(e.v.config.Algorithms, " "), headed, func() *Error {
		return checkAlgorithm(&h, e.v.config.Algorithms)
	})
	e.readClaims(jws.payload, compact)
	e.check(stepKind, e.v.config.Profile.want(), headed && e.read, func() *Error {
		return checkKind(&h, &e.claims, e.v.config.Profile)
	})
	issuer := e.rules()
	found := e.check(stepKey, "", algorithm && issuer, func() (err *Error) {
		_, keys, err = e.v.findKeys(e.ctx, &h, e.now)
		return err
	})
	e.Verified = e.check(stepSignature, "", found, func() *Error {
		_, err := verifySignature(&jws, h.alg, keys)
		return err
	})
	e.bound(jws.payload)
}

// introspected explains [Validator.introspected].
func (e *explainer) introspected() {
	var answer []byte
	e.Verified = e.check(stepIntrospection, "", e.Code == 0, func() *Error {
		var failure error
		answer, failure = e.v.config.Introspector.Introspect(e.ctx, e.credential.Token)
		return checkIntrospected(e.ctx, answer, failure)
	})
	e.readClaims(answer, e.Verified)
	e.check(stepKind, ProfileJWT.want(), e.read, func() *Error { return e.v.checkIntrospectedKind(&e.claims) })
	if e.claims.issuer == "" {
		e.claims.issuer = e.v.config.Issuer
	}
	e.rules()
	e.bound(answer)
}

func (e *explainer) readClaims(payload []byte, possible bool) {
	if possible {
		e.Claims = e.print.claimFields(e.v, payload, e.now)
	}
	e.read = e.check(stepClaims, "", possible, func() *Error { return e.v.parseClaims(&e.claims, payload) })
}

// rules are the checks of claims that are the same wherever these come from. It
// reports whether the issuer is the one of this validator.
func (e *explainer) rules() (issuer bool) {
	config := &e.v.config
	issuer = e.check(stepIssuer, config.Issuer, e.read, func() *Error { return e.v.checkIssuer(e.claims.issuer, e.now) })
	if config.DangerouslySkipAudience {
		e.skip(stepAudience)
	} else {
		e.check(stepAudience, e.v.wantAudience(), e.read, func() *Error {
			_, err := e.v.checkAudience(&e.claims, e.now)
			return err
		})
	}
	if len(config.AllowedClients) == 0 {
		e.skip(stepClient)
	} else {
		e.check(stepClient, strings.Join(config.AllowedClients, " or "), e.read, func() *Error { return e.v.checkClient(&e.claims) })
	}
	e.check(stepTimes, fmt.Sprintf("nbf and iat, then %s, then exp, give or take %v", e.now.UTC().Format(timeLayout), config.Leeway), e.read, func() *Error {
		return e.claims.times.check(e.now, config.Leeway)
	})
	return issuer
}

// bound are the last checks that need nothing but the claims, after which there is
// a token.
func (e *explainer) bound(payload []byte) {
	var thumbprints []string
	e.check(stepConfirmation, e.v.wantConfirmation(), e.read, func() (err *Error) {
		thumbprints, err = readConfirmation(e.claims.confirmation, e.v.config.Bindings)
		return err
	})
	e.check(stepDelegation, "", e.read, func() *Error { return e.v.config.Delegation.check(&e.claims.more, e.claims.issuer) })
	if e.read {
		e.token = e.v.newToken(&e.claims, payload, thumbprints)
		e.Granted = e.print.printables(e.token.scopes.Values())
	}
}

// admitted explains [Validator.admit]. Who is asked there learns of no token that
// was refused before.
func (e *explainer) admitted() {
	admit := func(s step, configured bool, f func() *Error) {
		if !configured {
			e.skip(s)
			return
		}
		e.check(s, "", e.Code == 0, f)
	}
	admit(stepRevocation, e.v.config.Revocation != nil, func() *Error { return e.v.checkRevocation(e.ctx, e.token) })
	admit(stepBinding, len(e.v.config.Bindings) > 0, func() *Error { return e.v.checkBindings(e.ctx, e.credential, e.token) })
	admit(stepOwn, e.v.config.Check != nil, func() *Error { return e.v.checkOwn(e.ctx, e.token) })
}

// authorized explains [authorize], also for a token that was refused before.
func (e *explainer) authorized(required scopes.Requirement) {
	want := "a rule for the operation"
	if !required.IsZero() {
		want = required.String()
	}
	var refusal *Error
	e.check(stepRequirement, want, e.token != nil, func() *Error {
		refusal = authorize(e.token, required)
		return refusal
	})
	if refusal != nil && len(refusal.MissingScopes()) > 0 {
		c := &e.Checks[len(e.Checks)-1]
		c.Fix += " API: scopes are read from " + e.print.printable(strings.Join(e.v.config.ScopeClaims, ", ")) + "; if the token has them in another claim, name that one (Config.ScopeClaims)."
	}
}

func (v *Validator) wantScheme() string {
	names, required := []string{bearer}, false
	for _, s := range v.schemes {
		names, required = append(names, s.Name), required || s.Required
	}
	if required {
		names = names[1:]
	}
	return strings.Join(names, " or ")
}

func (v *Validator) wantAudience() string {
	names := append([]string(nil), v.config.Audiences...)
	for _, name := range slices.Sorted(maps.Keys(v.retiring.audiences)) {
		names = append(names, name+" until "+v.retiring.audiences[name].until.UTC().Format(timeLayout))
	}
	return strings.Join(names, " or ")
}

func (v *Validator) wantConfirmation() string {
	names := []string{"no cnf"}
	for _, b := range v.config.Bindings {
		names = append(names, b.Member())
	}
	return strings.Join(names, " or ")
}

func (p Profile) want() string {
	if p == ProfileRFC9068 {
		return "typ at+jwt and every claim of RFC 9068 section 2.2"
	}
	return "typ at+jwt, or nothing that marks another kind of token"
}
