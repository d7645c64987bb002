package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

var epoch = time.Unix(1_800_000_000, 0).UTC()

// api is an API with a ledger.
type api struct {
	t      testing.TB
	clock  *validatortest.Clock
	issuer *validatortest.Issuer
	ledger *ledger.Ledger
	guard  *validator.Guard
}

func newAPI(t testing.TB, config ledger.Config) *api {
	t.Helper()
	clock := validatortest.NewClock(epoch)
	issuer := validatortest.Start(t, validatortest.Config{Clock: clock})
	config.Clock = clock
	l, err := ledger.New(config)
	if err != nil {
		t.Fatal(err)
	}
	v := issuer.Validator(func(c *validator.Config) { c.OnDecision, c.Check = l.Record, l.Check })
	return &api{t, clock, issuer, l, validator.NewGuard(v)}
}

// call makes a request and returns the code that refuses it.
func (a *api) call(operation string, required scopes.Requirement, token string, edits ...func(*validator.Request)) validator.Code {
	a.t.Helper()
	r := validator.Request{Operation: operation, Requirement: required}
	if token != "" {
		r.Authorization = []string{"Bearer " + token}
	}
	for _, edit := range edits {
		edit(&r)
	}
	_, _, err := a.guard.Authorize(a.t.Context(), r)
	if err == nil {
		return 0
	}
	return err.(*validator.Error).Code()
}

type request = validator.Request

func shadow(r *request) { r.Shadow = true }

// billing is a machine's token.
func (a *api) billing(granted ...string) string {
	return a.issuer.Mint(validatortest.Client("billing").Scope(granted...))
}

func (a *api) client(id string) ledger.Client {
	a.t.Helper()
	s := a.ledger.Snapshot()
	i := slices.IndexFunc(s.Clients, func(c ledger.Client) bool { return c.ClientID == id })
	if i < 0 {
		a.t.Fatalf("no client %q in %+v", id, s)
	}
	return s.Clients[i]
}

// The whole account of one client.
func TestAccount(t *testing.T) {
	a := newAPI(t, ledger.Config{})
	token := a.billing("admin", "read", "write", "old")
	a.call("list", scopes.All("read"), token)
	a.clock.Advance(time.Minute)
	a.call("list", scopes.Any("read", "admin"), token)
	a.call("update", scopes.All("read", "write"), token)
	a.clock.Advance(time.Minute)
	a.call("whoami", scopes.Authenticated(), token)
	a.call("delete", scopes.All("delete"), token)
	a.call("export", scopes.All("export", "read"), token, shadow)
	a.call("nothing", scopes.Requirement{}, token)
	a.call("list", scopes.All("read"), a.billing("read"))

	got, want := a.client("billing"), ledger.Client{
		Issuer: a.issuer.URL(), ClientID: "billing", Since: epoch, Last: epoch.Add(2 * time.Minute), Calls: 5,
		Scopes: []ledger.Scope{
			{Name: "admin", Granted: epoch.Add(2 * time.Minute)},
			{Name: "delete", Missing: 1},
			{Name: "export", Missing: 1},
			{Name: "old", Granted: epoch.Add(2 * time.Minute)},
			{Name: "read", Granted: epoch.Add(2 * time.Minute), Uses: 4, Used: epoch.Add(2 * time.Minute)},
			{Name: "write", Granted: epoch.Add(2 * time.Minute), Uses: 1, Used: epoch.Add(time.Minute)},
		},
		Operations: []ledger.Operation{
			{Name: "delete", Refused: 1, Last: epoch.Add(2 * time.Minute)},
			{Name: "export", Shadowed: 1, Last: epoch.Add(2 * time.Minute)},
			{Name: "list", Calls: 3, Last: epoch.Add(2 * time.Minute)},
			{Name: "nothing", Refused: 1, Last: epoch.Add(2 * time.Minute)},
			{Name: "update", Calls: 1, Last: epoch.Add(time.Minute)},
			{Name: "whoami", Calls: 1, Last: epoch.Add(2 * time.Minute)},
		},
		Refusals:        []ledger.Refusals{{Code: "INSUFFICIENT_SCOPE", Count: 1}, {Code: "OPERATION_NOT_ALLOWED", Count: 1}},
		Excesses:        []ledger.Excesses{},
		LongestLifetime: 3600,
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("\n%+v, want\n%+v", got, want)
	}
}

// A time and a lifetime are the latest and the longest, whatever comes after.
func TestLatest(t *testing.T) {
	a := newAPI(t, ledger.Config{})
	a.call("list", scopes.All("read"), a.billing("read"))
	a.call("list", scopes.All("read"), a.issuer.Mint(validatortest.Client("billing").Scope("read").ExpiresIn(time.Minute)))
	if got := a.client("billing").LongestLifetime; got != 3600 {
		t.Errorf("longest lifetime %d", got)
	}
}

// Clients that come at the same time do not share the last place.
func TestLastPlace(t *testing.T) {
	a := newAPI(t, ledger.Config{})
	var decisions []validator.Decision
	for i := range 4 {
		decisions = append(decisions, a.decision("list", a.issuer.Mint(validatortest.Client(fmt.Sprint(i))), scopes.Authenticated()))
	}
	for range 500 {
		l, err := ledger.New(ledger.Config{MaxClients: 1})
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		start := make(chan struct{})
		for _, d := range decisions {
			group.Go(func() {
				<-start
				l.Record(t.Context(), d)
			})
		}
		close(start)
		group.Wait()
		if s := l.Snapshot(); len(s.Clients) != 1 || s.Lost != 3 {
			t.Fatalf("%+v", s)
		}
	}
}

// Of what was not verified there are numbers only.
func TestNothingUnverifiedEnters(t *testing.T) {
	a := newAPI(t, ledger.Config{})
	hostile := a.issuer.Hostile(validatortest.Client("intruder").Scope("stolen"))
	counts := map[string]uint64{}
	for _, h := range hostile {
		a.call("op", scopes.All("stolen"), h.Token)
		counts[h.Want.String()]++
	}
	a.call("op", scopes.Authenticated(), "")
	a.call("op", scopes.Authenticated(), "", func(r *validator.Request) { r.Optional = true })
	counts["CREDENTIALS_MISSING"]++
	s := a.ledger.Snapshot()
	text, _ := json.Marshal(s)
	if strings.Contains(string(text), "intruder") || strings.Contains(string(text), "stolen") || len(s.Clients) != 0 || s.Anonymous != 1 {
		t.Errorf("%s", text)
	}
	for _, r := range s.Refusals {
		if counts[r.Code]--; r.Code == "TOKEN_MALFORMED" || r.Code == "MALFORMED_CREDENTIALS" {
			continue // the guard and the validator share them
		}
		if counts[r.Code]+1 != r.Count {
			t.Errorf("%s: %d", r.Code, r.Count)
		}
	}
	if len(s.Refusals) < 10 {
		t.Errorf("%+v", s.Refusals)
	}
}

// What does not fit is counted, and what is entered goes on to be.
func TestBounds(t *testing.T) {
	a := newAPI(t, ledger.Config{MaxClients: 2, MaxOperations: 2, MaxScopes: 2})
	long := strings.Repeat("x", ledger.MaxNameBytes+1)
	for _, id := range []string{"a", long, "b", "c", "d", "a"} {
		token := a.issuer.Mint(validatortest.Client(id).Scope(long, "s1", "s2", "s3"))
		for _, operation := range []string{long, "o1", "o2", "o3", "o1"} {
			a.call(operation, scopes.Any("s1", "s3"), token)
		}
	}
	s := a.ledger.Snapshot()
	if len(s.Clients) != 2 || s.Lost != 15 {
		t.Errorf("%d clients, %d lost", len(s.Clients), s.Lost)
	}
	c := s.Clients[0]
	if len(c.Scopes) != 2 || c.LostScopes != 10*2 || len(c.Operations) != 2 || c.LostOperations != 2*2 || c.Calls != 10 {
		t.Errorf("%+v", c)
	}
	// A call that does not fit as an operation still says which scope it needed.
	if c.Scopes[0].Name != "s1" || c.Scopes[0].Uses != 10 || c.Operations[0].Calls != 4 {
		t.Errorf("%+v", c)
	}
	if text, _ := json.Marshal(s); strings.Contains(string(text), long) {
		t.Error("a long name was entered")
	}
}

// Users are not told apart, only the clients that they use.
func TestSubjectsStayOut(t *testing.T) {
	a := newAPI(t, ledger.Config{})
	for _, user := range []string{"alice", "bob"} {
		a.call("list", scopes.All("read"), a.issuer.Mint(validatortest.User(user, "shop").Scope("read")))
	}
	text, _ := json.Marshal(a.ledger.Snapshot())
	if strings.Contains(string(text), "alice") || a.client("shop").Calls != 2 {
		t.Errorf("%s", text)
	}
}

func TestConfiguration(t *testing.T) {
	_, err := ledger.New(ledger.Config{
		MaxClients: -1, MaxOperations: -1, MaxScopes: -1,
		Ceilings: []ledger.Ceiling{{ClientID: "a", MaxLifetime: -1, MaxScopes: -1, Scopes: []string{""}, Audiences: []string{""}}, {ClientID: "a"}},
	})
	for _, field := range []string{
		"MaxClients:", "MaxOperations:", "MaxScopes:", "Ceilings[0].MaxLifetime:", "Ceilings[0].MaxScopes:",
		"Ceilings[0].Scopes:", "Ceilings[0].Audiences:", "Ceilings[1]:",
	} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %s in %v", field, err)
		}
	}
}

// Later changes of the configuration's slices have no effect.
func TestConfigurationIsCopied(t *testing.T) {
	for _, ceiling := range []ledger.Ceiling{{Scopes: []string{"x"}, Refuse: true}, {Audiences: []string{"x"}, Refuse: true}} {
		ceilings := []ledger.Ceiling{ceiling}
		a := newAPI(t, ledger.Config{Ceilings: ceilings})
		ceilings[0].Refuse = false
		for _, list := range [][]string{ceiling.Scopes, ceiling.Audiences} {
			for i := range list {
				list[i] = a.issuer.Audience()
			}
		}
		if code := a.call("list", scopes.Authenticated(), a.billing(a.issuer.Audience())); code != validator.CodeTokenRefused {
			t.Errorf("code %v", code)
		}
	}
}

// decision validates a token and returns what a guard would tell of it.
func (a *api) decision(operation, token string, required scopes.Requirement) validator.Decision {
	a.t.Helper()
	verified, err := a.issuer.Validator().Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: token})
	if err != nil {
		a.t.Fatal(err)
	}
	return validator.Decision{Operation: operation, Requirement: required, Token: verified}
}

func TestAllocations(t *testing.T) {
	a := newAPI(t, ledger.Config{Ceilings: []ledger.Ceiling{{MaxLifetime: time.Second, MaxScopes: 1, Scopes: []string{"a"}}}})
	known := a.decision("list", a.billing("a", "b", "c", "d", "e", "f"), scopes.All("a", "b").And(scopes.Any("x", "f")))
	another := a.decision("list", a.billing("f", "e", "d"), scopes.Any("x", "f"))
	refused := validator.Decision{Operation: "list", Err: validator.NewError(validator.CodeTokenExpired, nil)}
	enter := func() {
		a.ledger.Record(t.Context(), known)
		a.ledger.Record(t.Context(), another)
		a.ledger.Record(t.Context(), refused)
		if err := a.ledger.Check(t.Context(), known.Token); err != nil {
			t.Fatal(err)
		}
	}
	enter()
	if n := testing.AllocsPerRun(100, enter); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Everything at once adds up.
func TestConcurrentUse(t *testing.T) {
	const workers, rounds = 8, 200
	a := newAPI(t, ledger.Config{MaxClients: 4})
	var decisions []validator.Decision
	for i := range 6 {
		token := a.issuer.Mint(validatortest.Client(fmt.Sprint("client", i)).Scope("read", fmt.Sprint("s", i)))
		decisions = append(decisions, a.decision(fmt.Sprint("op", i), token, scopes.All("read")))
	}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range rounds {
				for _, d := range decisions {
					a.ledger.Record(t.Context(), d)
				}
				a.ledger.Snapshot()
			}
		})
	}
	group.Wait()
	s := a.ledger.Snapshot()
	if len(s.Clients) != 4 || s.Lost != 2*workers*rounds {
		t.Errorf("%d clients, %d lost", len(s.Clients), s.Lost)
	}
	for _, c := range s.Clients {
		if c.Calls != workers*rounds || c.Scopes[0].Uses != c.Calls || c.Operations[0].Calls != c.Calls {
			t.Errorf("%+v", c)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	a := newAPI(b, ledger.Config{})
	d := a.decision("list", a.billing("a", "b", "c", "d", "e", "f"), scopes.All("a", "b"))
	b.Run("one core", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			a.ledger.Record(context.Background(), d)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				a.ledger.Record(context.Background(), d)
			}
		})
	})
}
