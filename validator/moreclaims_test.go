package validator_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

func TestUserAuthentication(t *testing.T) {
	v := newValidator(t, nil)
	token := accept(t, v, mint("ES256", "", object{"acr": "gold", "auth_time": epoch.Unix() - 60, "sid": "s1"}))
	if token.ACR() != "gold" || !token.AuthTime().Equal(epoch.Add(-time.Minute)) || token.SessionID() != "s1" {
		t.Errorf("got %q, %v, %q", token.ACR(), token.AuthTime(), token.SessionID())
	}
	plain := accept(t, v, mint("ES256", "", nil))
	if plain.ACR() != "" || !plain.AuthTime().IsZero() || plain.SessionID() != "" || plain.Actor() != nil || plain.AuthorizationDetails() != nil {
		t.Error("something from nothing")
	}
	partial := accept(t, v, mint("ES256", "", object{"sid": "s1"}))
	if !partial.AuthTime().IsZero() {
		t.Errorf("auth_time %v", partial.AuthTime())
	}
	const invalid = validator.CodeClaimInvalid
	testRefusals(t, v, []refusal{
		{"acr is a number", mint("ES256", "", object{"acr": 1}), invalid},
		{"auth_time is a string", mint("ES256", "", object{"auth_time": "1"}), invalid},
		{"auth_time is negative", mint("ES256", "", object{"auth_time": -1}), invalid},
		{"sid is null", mint("ES256", "", object{"sid": raw("null")}), invalid},
	})
}

// A step up is asked for only if nothing else is missing (RFC 9470 §3).
func TestStepUp(t *testing.T) {
	guard := validator.NewGuard(newValidator(t, nil))
	gold := scopes.All("orders:write").And(scopes.ACR("gold", "silver"), scopes.MaxAge(5*time.Minute))
	payment := scopes.All("orders:read").And(scopes.WithDetail(scopes.Detail{Type: "payment", Actions: []string{"initiate"}}))
	details := []object{{"type": "account"}, {"type": "payment", "actions": []string{"initiate", "status"}, "amount": 5}}
	const step, scope = validator.CodeInsufficientUserAuthentication, validator.CodeInsufficientScope
	tests := []struct {
		name        string
		requirement scopes.Requirement
		changes     object
		want        validator.Code
		acr         []string
		maxAge      time.Duration
	}{
		{"enough", gold, object{"acr": "silver", "auth_time": epoch.Unix() - 300}, 0, nil, 0},
		{"too old", gold, object{"acr": "silver", "auth_time": epoch.Unix() - 301}, step, []string{"gold", "silver"}, 5 * time.Minute},
		{"too weak", gold, object{"acr": "bronze", "auth_time": epoch.Unix() - 10}, step, []string{"gold", "silver"}, 5 * time.Minute},
		{"not said", gold, nil, step, []string{"gold", "silver"}, 5 * time.Minute},
		{"scope missing besides", gold, object{"scope": "orders:read"}, scope, nil, 0},
		{"only an age", scopes.Authenticated().And(scopes.MaxAge(time.Minute)), nil, step, nil, time.Minute},
		{"only a class", scopes.Authenticated().And(scopes.ACR("gold")), nil, step, []string{"gold"}, -1},
		{"detail", payment, object{"authorization_details": details}, 0, nil, 0},
		{"no such detail", payment, object{"authorization_details": details[:1]}, scope, nil, 0},
		{"no details", payment, nil, scope, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			request := authorization("Bearer " + mint("ES256", "", tt.changes))
			request.Requirement = tt.requirement
			_, token, err := guard.Authorize(t.Context(), request)
			if got := errorCode(t, err); got != tt.want || (token != nil) != (tt.want == 0) {
				t.Fatalf("code %v, want %v", got, tt.want)
			}
			e, ok := errors.AsType[*validator.Error](err)
			if !ok {
				return
			}
			maxAge, asked := e.MaxAge()
			if !slices.Equal(e.ACRValues(), tt.acr) || asked != (tt.maxAge > 0) || asked && maxAge != tt.maxAge {
				t.Errorf("acr_values %q, max_age %v %v", e.ACRValues(), maxAge, asked)
			}
			if (len(e.NeededScopes()) > 0) != (tt.want == scope) {
				t.Errorf("scope %q", e.NeededScopes())
			}
		})
	}
}

func TestShadow(t *testing.T) {
	var last validator.Decision
	guard := validator.NewGuard(newValidator(t, func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) { last = d }
	}))
	good, expired := "Bearer "+mint("ES256", "", nil), "Bearer "+mint("ES256", "", object{"exp": 1})
	tests := []struct {
		name        string
		credential  []string
		requirement scopes.Requirement
		want        validator.Code // that is answered
		reported    validator.Code
	}{
		{"enough", []string{good}, scopes.All("orders:read"), 0, 0},
		{"not enough", []string{good}, scopes.All("orders:admin"), 0, validator.CodeInsufficientScope},
		{"no token", nil, scopes.All("orders:read"), validator.CodeCredentialsMissing, validator.CodeCredentialsMissing},
		{"a bad token", []string{expired}, scopes.All("orders:read"), validator.CodeTokenExpired, validator.CodeTokenExpired},
		{"no rule", []string{good}, scopes.Requirement{}, validator.CodeOperationNotAllowed, validator.CodeOperationNotAllowed},
		{"a step up", []string{good}, scopes.ACR("gold"), validator.CodeInsufficientUserAuthentication, validator.CodeInsufficientUserAuthentication},
		// Who lacks more must not get further.
		{"a step up and a scope", []string{good}, scopes.All("orders:admin").And(scopes.ACR("gold")), validator.CodeInsufficientUserAuthentication, validator.CodeInsufficientUserAuthentication},
		{"a step up and details", []string{good}, scopes.WithDetail(scopes.Detail{Type: "t"}).And(scopes.MaxAge(time.Minute)), validator.CodeInsufficientUserAuthentication, validator.CodeInsufficientUserAuthentication},
		{"details", []string{good}, scopes.WithDetail(scopes.Detail{Type: "t"}), 0, validator.CodeInsufficientScope},
		{"a scope in place of a step up", []string{good}, scopes.All("orders:admin").And(scopes.ACR("gold").Or(scopes.All("root"))), 0, validator.CodeInsufficientScope},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			request := authorization(tt.credential...)
			request.Requirement, request.Shadow = tt.requirement, true
			ctx, token, err := guard.Authorize(t.Context(), request)
			if got := errorCode(t, err); got != tt.want {
				t.Errorf("answered %v, want %v", got, tt.want)
			}
			if inContext, _ := validator.TokenFrom(ctx); inContext != token || (token != nil) != (tt.want == 0) {
				t.Errorf("token %v, in the context %v", token, inContext)
			}
			if shadow := tt.want == 0 && tt.reported != 0; last.Code() != tt.reported || last.Shadow != shadow || shadow && last.Token != token {
				t.Errorf("reported %v, shadow %v", last.Code(), last.Shadow)
			}
		})
	}
}

func TestDelegation(t *testing.T) {
	chain := func(n int) (act object) {
		for i := range n {
			outer := object{"sub": string(rune('a' + n - 1 - i)), "iss": issuerURL}
			if act != nil {
				outer["act"] = act
			}
			act = outer
		}
		return act
	}
	v := newValidator(t, nil)
	token := accept(t, v, mint("ES256", "", object{"act": chain(2)}))
	first := token.Actor()
	if first.Subject != "a" || first.Issuer != issuerURL || first.Actor.Subject != "b" || first.Actor.Actor != nil {
		t.Errorf("got %+v", first)
	}
	first.Actor.Subject = "changed"
	if token.Actor().Actor.Subject != "b" {
		t.Error("the token can be changed from outside")
	}
	const invalid, refused = validator.CodeClaimInvalid, validator.CodeTokenRefused
	testRefusals(t, v, []refusal{
		{"as many as there can be", mint("ES256", "", object{"act": chain(8)}), 0},
		{"one more", mint("ES256", "", object{"act": chain(9)}), invalid},
		{"a string", mint("ES256", "", object{"act": "a"}), invalid},
		{"null", mint("ES256", "", object{"act": raw("null")}), invalid},
		{"nobody", mint("ES256", "", object{"act": object{"iss": "a"}}), invalid},
		{"a number as subject", mint("ES256", "", object{"act": object{"sub": 1}}), invalid},
		{"a bad one within", mint("ES256", "", object{"act": object{"sub": "a", "act": 1}}), invalid},
		{"a client", mint("ES256", "", object{"act": object{"client_id": "a"}}), 0},
	})
	limited := func(d validator.Delegation) *validator.Validator {
		return newValidator(t, func(c *validator.Config) { c.Delegation = d })
	}
	two := mint("ES256", "", object{"act": chain(2)})
	client := mint("ES256", "", object{"act": object{"client_id": "a"}})
	foreign := mint("ES256", "", object{"act": object{"sub": "a", "iss": "https://other.example.com"}})
	if got := codeOf(t, limited(validator.Delegation{Actors: []string{"a"}}), foreign); got != refused {
		t.Errorf("an actor of another issuer: %v", got)
	}
	plain := mint("ES256", "", nil)
	for name, tt := range map[string]struct {
		delegation         validator.Delegation
		plain, two, client validator.Code
	}{
		"refused":            {validator.Delegation{Refuse: true}, 0, refused, refused},
		"the outermost":      {validator.Delegation{Actors: []string{"a"}}, 0, 0, 0},
		"not the outermost":  {validator.Delegation{Actors: []string{"b"}}, 0, refused, refused},
		"one actor only":     {validator.Delegation{MaxActors: 1}, 0, refused, 0},
		"two actors at most": {validator.Delegation{MaxActors: 2}, 0, 0, 0},
	} {
		v := limited(tt.delegation)
		if p, two, c := codeOf(t, v, plain), codeOf(t, v, two), codeOf(t, v, client); p != tt.plain || two != tt.two || c != tt.client {
			t.Errorf("%s: %v, %v, %v", name, p, two, c)
		}
	}
	for name, d := range map[string]validator.Delegation{
		"negative":     {MaxActors: -1},
		"too many":     {MaxActors: 9},
		"empty":        {Actors: []string{""}},
		"refuse, but…": {Refuse: true, MaxActors: 1},
	} {
		config := baseConfig()
		config.Delegation = d
		if _, err := validator.New(config); err == nil || !strings.Contains(err.Error(), "Delegation") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What short strings in authorization_details take, many times their length, counts
// in the bounds of the cache.
func TestAuthorizationDetailsInCache(t *testing.T) {
	actions := make([]string, 2000)
	for i := range actions {
		actions[i] = "a"
	}
	v := newValidator(t, nil)
	accept(t, v, mint("ES256", "", object{"authorization_details": []object{{"type": "t", "actions": actions}}}))
	// The claims, as much again for strings with escapes, and per string a header with
	// as much room to grow.
	if got, want := v.CacheStats().Bytes, 2*4*len(actions)+2*16*len(actions); got < want {
		t.Errorf("%d bytes, want at least %d", got, want)
	}
}

func TestAuthorizationDetails(t *testing.T) {
	v := newValidator(t, nil)
	token := accept(t, v, mint("ES256", "", object{"authorization_details": []object{
		{"type": "account", "identifier": "x", "locations": []string{"l"}, "datatypes": []string{"d"}, "privileges": []string{"p"}},
		{"type": "payment", "actions": []string{"initiate"}, "amount": int64(12345678901234567)},
	}}))
	details := token.AuthorizationDetails()
	if len(details) != 2 || details[0].Identifier != "x" || details[0].Locations[0] != "l" || details[0].DataTypes[0] != "d" ||
		details[0].Privileges[0] != "p" || details[1].Type != "payment" || details[1].Actions[0] != "initiate" {
		t.Errorf("got %+v", details)
	}
	var payment struct {
		Amount int64 `json:"amount"`
	}
	if err := details[1].Decode(&payment); err != nil || payment.Amount != 12345678901234567 {
		t.Errorf("got %+v, %v", payment, err)
	}
	var wrong struct {
		Amount string `json:"amount"`
	}
	if err := details[1].Decode(&wrong); err == nil || strings.Contains(err.Error(), "123") {
		t.Errorf("got %v", err)
	}
	many := make([]object, 65)
	for i := range many {
		many[i] = object{"type": "t"}
	}
	const invalid = validator.CodeClaimInvalid
	testRefusals(t, v, []refusal{
		{"an object", mint("ES256", "", object{"authorization_details": object{"type": "t"}}), invalid},
		{"null", mint("ES256", "", object{"authorization_details": raw("null")}), invalid},
		{"an element that is none", mint("ES256", "", object{"authorization_details": []any{"t"}}), invalid},
		{"no type", mint("ES256", "", object{"authorization_details": []object{{"actions": []string{"a"}}}}), invalid},
		{"an empty type", mint("ES256", "", object{"authorization_details": []object{{"type": ""}}}), invalid},
		{"actions as a string", mint("ES256", "", object{"authorization_details": []object{{"type": "t", "actions": "a"}}}), invalid},
		{"too many", mint("ES256", "", object{"authorization_details": many}), invalid},
		{"as many as there can be", mint("ES256", "", object{"authorization_details": many[:64]}), 0},
		{"none", mint("ES256", "", object{"authorization_details": []object{}}), 0},
	})
}
