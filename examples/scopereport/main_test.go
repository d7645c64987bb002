package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

var epoch = time.Unix(1_800_000_000, 0)

// A replica is an API whose ledger a test reads.
type replica struct {
	t         *testing.T
	clock     *validatortest.Clock
	issuer    *validatortest.Issuer
	ledger    *ledger.Ledger
	validator *validator.Validator
	guard     *validator.Guard
}

func newReplica(t *testing.T, config ledger.Config) *replica {
	t.Helper()
	clock := validatortest.NewClock(epoch)
	config.Clock = clock
	l, err := ledger.New(config)
	if err != nil {
		t.Fatal(err)
	}
	issuer := validatortest.Start(t, validatortest.Config{Clock: clock})
	v := issuer.Validator(func(c *validator.Config) { c.OnDecision, c.Check = l.Record, l.Check })
	return &replica{t, clock, issuer, l, v, validator.NewGuard(v)}
}

func (r *replica) call(client, operation, needed string, granted ...string) {
	r.t.Helper()
	if err := r.validator.Ready(r.t.Context()); err != nil { // the clock may have made the keys old
		r.t.Fatal(err)
	}
	token := r.issuer.Mint(validatortest.Client(client).Scope(granted...))
	_, _, _ = r.guard.Authorize(r.t.Context(), validator.Request{Operation: operation, Requirement: scopes.All(needed), Authorization: []string{"Bearer " + token}})
}

// file writes the ledger's snapshot and returns the name of the file.
func (r *replica) file() string {
	r.t.Helper()
	text, err := json.Marshal(r.ledger.Snapshot())
	if err != nil {
		r.t.Fatal(err)
	}
	name := filepath.Join(r.t.TempDir(), "snapshot.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return name
}

func runWith(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &log)
	return status, out.String(), log.String()
}

// twoReplicas have seen one client with too much and one with just enough.
func twoReplicas(t *testing.T) (one, two *replica) {
	config := ledger.Config{Ceilings: []ledger.Ceiling{{ClientID: "billing-cron", MaxScopes: 5}}}
	one, two = newReplica(t, config), newReplica(t, config)
	all := strings.Fields("orders:read orders:write orders:admin invoices:read invoices:write users:read")
	one.call("billing-cron", "GET /orders", "orders:read", all...)
	one.call("shop", "GET /orders", "orders:read", "orders:read")
	two.clock.Advance(time.Hour)
	two.call("billing-cron", "POST /orders", "orders:write", all...)
	two.call("billing-cron", "GET /reports", "reports:read", all...)
	two.call("shop\x1b[31m", "GET /orders", "orders:read", "orders:read")
	_, _, _ = two.guard.Authorize(t.Context(), validator.Request{Operation: "GET /orders", Requirement: scopes.Authenticated()})
	two.clock.Advance(time.Hour)
	return one, two
}

func TestReport(t *testing.T) {
	one, two := twoReplicas(t)
	status, got, stderr := runWith(t, "", one.file(), two.file())
	want := `observed from 2027-01-15T08:00:00Z to 2027-01-15T10:00:00Z (2h0m0s) by 2 replicas

billing-cron: granted 6, used 2
  of https://auth.example.com, since 2027-01-15T08:00:00Z, 2 calls of 3 operations, last seen 2027-01-15T09:00:00Z
  take away: invoices:read (never used)
  take away: invoices:write (never used)
  take away: orders:admin (never used)
  take away: users:read (never used)
  lacks: reports:read (1 call)
  over its ceiling: number (3 let in, 0 refused, last 2027-01-15T09:00:00Z)
  longest lifetime of a token that was let in: 1h0m0s

shop: granted 1, used 1
  of https://auth.example.com, since 2027-01-15T08:00:00Z, 1 call of 1 operation, last seen 2027-01-15T08:00:00Z

"shop\x1b[31m": granted 1, used 1
  of https://auth.example.com, since 2027-01-15T09:00:00Z, 1 call of 1 operation, last seen 2027-01-15T09:00:00Z

refused without an accepted token: CREDENTIALS_MISSING 1
`
	if status != exitToDo || got != want || stderr != "" {
		t.Errorf("status %d, %s\n%s, want\n%s", status, stderr, got, want)
	}
}

func TestReportAsJSON(t *testing.T) {
	one, two := twoReplicas(t)
	status, stdout, _ := runWith(t, "", "-json", two.file(), one.file())
	var got report
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != exitToDo {
		t.Fatalf("status %d, %v\n%s", status, err, stdout)
	}
	c := got.Clients[0]
	if !got.ToDo || got.Replicas != 2 || c.ClientID != "billing-cron" || c.Granted != 6 || c.Used != 2 || len(c.Unused) != 4 || c.Missing[0] != (missing{"reports:read", 1}) {
		t.Errorf("%s", stdout)
	}
	if !strings.Contains(stdout, `"scope": "invoices:read"`) || strings.Contains(stdout, `"used": "0001`) {
		t.Errorf("%s", stdout)
	}
}

// What can be taken away is a matter of time.
func TestTime(t *testing.T) {
	r := newReplica(t, ledger.Config{})
	r.call("crm", "list", "read", "read", "old")
	r.clock.Advance(time.Hour)
	r.call("crm", "write", "write", "read", "write")
	r.clock.Advance(time.Hour)
	file := r.file()
	tests := []struct {
		args   []string
		status int
		want   []string
	}{
		{nil, exitToDo, []string{"granted 3, used 2", "take away: old (never used)"}},
		{[]string{"-idle", "2h"}, exitToDo, []string{"granted 3, used 2", "take away: old (never used)"}},
		{[]string{"-idle", "90m"}, exitToDo, []string{"granted 2, used 1", "take away: read (not used since 2027-01-15T08:00:00Z)"}},
		{[]string{"-observed", "2h"}, exitToDo, []string{"take away: old"}},
		{[]string{"-observed", "2h1s"}, exitNothing, []string{"granted 3, used 2", "not observed for long enough: old (never used)"}},
		{[]string{"-idle", "30m"}, exitNothing, []string{"granted 0, used 0"}},
	}
	for _, tt := range tests {
		status, stdout, stderr := runWith(t, "", append(tt.args, file)...)
		if status != tt.status || stderr != "" {
			t.Errorf("%q: status %d %s", tt.args, status, stderr)
		}
		for _, want := range tt.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%q: no %q in\n%s", tt.args, want, stdout)
			}
		}
	}
}

// Being over a ceiling is something to do, too; so is a ledger that was too small to
// be told.
func TestExcessAndBounds(t *testing.T) {
	r := newReplica(t, ledger.Config{MaxClients: 1, MaxScopes: 1, Ceilings: []ledger.Ceiling{{MaxScopes: 1, Refuse: true}}})
	r.call("", "list", "read", "read")
	if status, stdout, _ := runWith(t, "", r.file()); status != exitNothing || !strings.Contains(stdout, "granted 1, used 1") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	r.call("", "list", "read", "read", "write")
	r.call("", "list", "else", "read")
	r.call("shop", "list", "read", "read")
	status, stdout, _ := runWith(t, "", r.file())
	for _, want := range []string{
		"over its ceiling: number (0 let in, 1 refused", "incomplete: there was no room", "not in this report: 1 requests", `"(no client id)"`, "TOKEN_REFUSED 1",
	} {
		if status != exitToDo || !strings.Contains(stdout, strings.Trim(want, `"`)) {
			t.Errorf("status %d, no %q in\n%s", status, want, stdout)
		}
	}
}

func TestInput(t *testing.T) {
	one, two := twoReplicas(t)
	text, err := os.ReadFile(one.file())
	if err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr := runWith(t, string(text)); status != exitToDo || !strings.Contains(stdout, "by 1 replica\n") {
		t.Errorf("standard input: status %d\n%s%s", status, stdout, stderr)
	}
	if status, stdout, stderr := runWith(t, string(text), "-", two.file(), two.file()); status != exitToDo || !strings.Contains(stdout, "by 2 replicas\n") {
		t.Errorf("both, one twice: status %d\n%s%s", status, stdout, stderr)
	}
	more, err := os.ReadFile(two.file())
	if err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr := runWith(t, string(text)+string(more)+string(text)); status != exitToDo || !strings.Contains(stdout, "by 2 replicas\n") {
		t.Errorf("one after the other: status %d\n%s%s", status, stdout, stderr)
	}
	for name, tt := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"one is broken": {string(text) + "broken\n", nil, "not a snapshot"},
		"no snapshot":   {"{}", nil, "-: ledger: a snapshot of version 0"},
		"garbage":       {"x", nil, "not a snapshot"},
		"no file":       {"", []string{filepath.Join(t.TempDir(), "none")}, "no such file"},
		"unknown flag":  {"", []string{"-x"}, "-x"},
		"negative time": {string(text), []string{"-idle", "-1h"}, "must not be negative"},
		"negative":      {string(text), []string{"-observed", "-1h"}, "must not be negative"},
	} {
		if status, stdout, stderr := runWith(t, tt.stdin, tt.args...); status != exitUsage || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: status %d\n%s%s", name, status, stdout, stderr)
		}
	}
}
