package validator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
)

// An Outcome is what became of one check of an [Explanation].
type Outcome uint8

const (
	// NotReached is a check that needs what an earlier one could not get.
	NotReached Outcome = iota
	// NotConfigured is a check that this validator is not configured for.
	NotConfigured
	// Passed is a check that has nothing against the token.
	Passed
	// Failed is a check that refuses the token, or that could not be made.
	Failed
)

// String returns the outcome in words, such as "not reached".
func (o Outcome) String() string {
	return [...]string{"not reached", "not configured", "passed", "failed"}[min(o, Failed)]
}

// MarshalText is [Outcome.String].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// An Explanation tells check by check why a token is accepted or refused. It is
// for people who look after an API or a client. What it says of the token's
// content can be private to somebody and must not be sent to whoever brings a token;
// the token itself, its signature, sub and jti are never in it. What comes from the
// token is printable ASCII in one line, of bounded length, whatever the token has.
type Explanation struct {
	// Code is the answer: that of the first check that failed, zero if none did.
	Code Code
	// Checks are all checks in the order in which they are made.
	Checks []ExplainedCheck
	// Verified says that Header, Claims and Granted are the issuer's own word,
	// because the signature is good or because the authorization server was asked,
	// not that the token is accepted. If it is false, anybody can have written
	// them.
	Verified bool
	// Header are alg, kid and typ, as far as the header can be read.
	Header []ExplainedField
	// Claims are those that the checks look at, as far as they can be read.
	Claims []ExplainedField
	// Granted are the scopes of the token, by [Config.ScopeClaims].
	Granted []string
}

// An ExplainedCheck is one check of an [Explanation].
type ExplainedCheck struct {
	// Name says what is checked, such as "audience".
	Name string
	// Source is the standard that wants the check, by section.
	Source string
	// Outcome is what became of it.
	Outcome Outcome
	// Code is the one that the check has refused the token with, if it failed.
	Code Code
	// Finding is what it has found then.
	Finding string
	// Want is what this validator is configured to want. Empty: nothing of its own.
	Want string
	// Fix is what can be done about a failure.
	Fix string
}

// An ExplainedField is a header parameter or a claim, as text.
type ExplainedField struct {
	Name, Value string
}

// Explain makes every check that v makes on a request with the credential and that
// a [Guard] then makes for the requirement ([scopes.Authenticated] for none), by the
// same functions, and tells what came of each. It goes on after a failure with
// whatever can still be checked, so that a token which is out of date and for
// another API is told to be both; the Code is that of the first failure, the one
// that the request would get.
//
// Where keys have to be fetched it waits for them as [Validator.Validate] does.
// What v is configured with to ask somebody else is asked just as on a request, but
// only about a token that came that far: an authorization server, a revocation
// list, a [Config.Check]. A proof of possession is used up by it. Nothing is
// remembered of the token, nothing counted, logged or reported to hooks. It is safe
// for concurrent use.
func Explain(ctx context.Context, v *Validator, c Credential, required scopes.Requirement) *Explanation {
	e := &explainer{Explanation: new(Explanation), ctx: ctx, v: v, credential: c, now: v.clock.Now(), print: printerWithout(c.Token)}
	e.received()
	if v.introspects(c.Token) {
		e.introspected()
	} else {
		e.judged()
	}
	e.admitted()
	e.authorized(required)
	return e.Explanation
}

// An explainer is an Explanation in the making.
type explainer struct {
	*Explanation
	ctx        context.Context
	v          *Validator
	credential Credential
	now        time.Time
	print      printer

	claims claims
	read   bool   // claims are
	token  *Token // made of claims, verified or not; nil: not read
}

// check makes a check if what it needs is there, and reports whether it passed.
func (e *explainer) check(s step, want string, possible bool, f func() *Error) bool {
	c := ExplainedCheck{Name: s.name, Source: s.source, Want: e.print.printable(want)}
	if possible {
		c.Outcome = Passed
		if refusal := withoutPanic(f); refusal != nil {
			c.Outcome, c.Code, c.Finding, c.Fix = Failed, refusal.code, e.print.finding(refusal), s.fix(refusal.code)
			if e.Code == 0 {
				e.Code = refusal.code
			}
		}
	}
	e.Checks = append(e.Checks, c)
	return c.Outcome == Passed
}

// skip mentions a check that is not configured.
func (e *explainer) skip(s step) {
	e.Checks = append(e.Checks, ExplainedCheck{Name: s.name, Source: s.source, Outcome: NotConfigured})
}

func withoutPanic(f func() *Error) (refusal *Error) {
	defer recovered(&refusal)
	return f()
}

// finding is the cause of a refusal without what is for the developers of this
// module, such as the stack of a panic.
func (p printer) finding(e *Error) string {
	var found []string
	if e.cause != nil {
		first, _, _ := strings.Cut(e.cause.Error(), "\n")
		found = append(found, first)
	}
	if len(e.missing) > 0 {
		found = append(found, "not granted: "+strings.Join(e.missing, " "))
	}
	if len(e.acrValues) > 0 {
		found = append(found, "wanted is an authentication by "+strings.Join(e.acrValues, " or "))
	}
	if age, ok := e.MaxAge(); ok {
		found = append(found, fmt.Sprintf("wanted is an authentication of the last %v", age))
	}
	if len(found) == 0 {
		return e.code.Description()
	}
	return p.printable(strings.Join(found, "; "))
}
