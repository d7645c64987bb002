package ledger_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func TestCeilings(t *testing.T) {
	base := validatortest.Client("billing").Scope("read", "write")
	tests := []struct {
		name    string
		ceiling ledger.Ceiling
		claims  validatortest.Claims
		want    string // the excesses
	}{
		{"nothing limited", ledger.Ceiling{}, base, ""},
		{"lifetime kept", ledger.Ceiling{MaxLifetime: time.Hour}, base, ""},
		{"lifetime", ledger.Ceiling{MaxLifetime: time.Hour - time.Second}, base, "lifetime"},
		{"lifetime of an old token", ledger.Ceiling{MaxLifetime: time.Hour}, base.IssuedIn(-time.Hour), "lifetime"},
		{"lifetime unknown", ledger.Ceiling{MaxLifetime: 24 * time.Hour}, base.Header("typ", "JWT").With("iat", nil), "lifetime"},
		{"number kept", ledger.Ceiling{MaxScopes: 2}, base, ""},
		{"number", ledger.Ceiling{MaxScopes: 1}, base, "number"},
		{"scopes kept", ledger.Ceiling{Scopes: []string{"write", "read", "admin"}}, base, ""},
		{"scope", ledger.Ceiling{Scopes: []string{"read"}}, base, "scope"},
		{"audience kept", ledger.Ceiling{Audiences: []string{"https://api.example.com"}}, base.Audience("https://api.example.com"), ""},
		{"audience", ledger.Ceiling{Audiences: []string{"https://api.example.com"}}, base.Audience("https://api.example.com", "other"), "audience"},
		{"all", ledger.Ceiling{MaxLifetime: 1, MaxScopes: 1, Scopes: []string{"x"}, Audiences: []string{"x"}}, base, "audience lifetime number scope"},
	}
	for _, tt := range tests {
		for _, refuse := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, " ", refuse), func(t *testing.T) {
				ceiling := tt.ceiling
				ceiling.Refuse = refuse
				a := newAPI(t, ledger.Config{Ceilings: []ledger.Ceiling{ceiling}})
				code := a.call("list", scopes.Authenticated(), a.issuer.Mint(tt.claims))
				want := validator.Code(0)
				if refuse && tt.want != "" {
					want = validator.CodeTokenRefused
				}
				if code != want {
					t.Errorf("code %v, want %v", code, want)
				}
				var got []string
				for _, e := range a.client("billing").Excesses {
					got = append(got, string(e.Excess))
					if e.Last != epoch || refuse != (e.Refused == 1) || refuse == (e.Warned == 1) {
						t.Errorf("%+v", e)
					}
				}
				if strings.Join(got, " ") != tt.want {
					t.Errorf("excesses %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// The most specific ceiling counts, and no other.
func TestMostSpecificCeiling(t *testing.T) {
	const url = "https://auth.example.com"
	all := []ledger.Ceiling{
		{MaxScopes: 1, Refuse: true},
		{Issuer: url, MaxScopes: 2, Refuse: true},
		{ClientID: "billing", MaxScopes: 3, Refuse: true},
		{Issuer: url, ClientID: "billing", MaxScopes: 4, Refuse: true},
		{Issuer: "https://other.example.com", ClientID: "billing", MaxScopes: 1, Refuse: true},
		{ClientID: "shop", MaxScopes: 1, Refuse: true},
	}
	granted := strings.Fields("a b c d e f")
	for most := 4; most > 0; most-- {
		a := newAPI(t, ledger.Config{Ceilings: append(append([]ledger.Ceiling{}, all[:most]...), all[4:]...)})
		if a.issuer.URL() != url {
			t.Fatal(a.issuer.URL())
		}
		if kept, over := a.call("op", scopes.Authenticated(), a.billing(granted[:most]...)), a.call("op", scopes.Authenticated(), a.billing(granted[:most+1]...)); kept != 0 || over != validator.CodeTokenRefused {
			t.Errorf("with %d scopes %v, with %d %v", most, kept, most+1, over)
		}
	}
	a := newAPI(t, ledger.Config{Ceilings: all[4:]})
	if code := a.call("op", scopes.Authenticated(), a.issuer.Mint(validatortest.Client("crm").Scope(granted...))); code != 0 {
		t.Errorf("a client without a ceiling: %v", code)
	}
}

// A token is refused also where its client does not fit into the ledger.
func TestCeilingOfClientThatIsNotEntered(t *testing.T) {
	a := newAPI(t, ledger.Config{MaxClients: 1, Ceilings: []ledger.Ceiling{{ClientID: "shop", MaxScopes: 1, Refuse: true}}})
	a.call("op", scopes.Authenticated(), a.billing("a"))
	if code := a.call("op", scopes.Authenticated(), a.issuer.Mint(validatortest.Client("shop").Scope("a", "b"))); code != validator.CodeTokenRefused {
		t.Errorf("code %v", code)
	}
}

// The first excess of each kind is logged, without scopes and subject.
func TestExcessIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	a := newAPI(t, ledger.Config{Logger: slog.New(slog.NewTextHandler(&log, nil)), Ceilings: []ledger.Ceiling{{MaxLifetime: time.Minute, MaxScopes: 1}}})
	token := a.issuer.Mint(validatortest.User("alice", "shop").Scope("read", "write"))
	for range 3 {
		a.call("list", scopes.All("read"), token)
	}
	text := log.String()
	if strings.Count(text, "\n") != 2 || !strings.Contains(text, "client_id=shop excess=lifetime refused=false lifetime=1h0m0s scopes=2") || !strings.Contains(text, "excess=number") {
		t.Error(text)
	}
	if strings.Contains(text, "alice") || strings.Contains(text, "write") || strings.Contains(text, "eyJ") {
		t.Error(text)
	}
	if got := a.client("shop").Excesses; got[0].Warned != 3 || got[1].Warned != 3 {
		t.Errorf("%+v", got)
	}
}
