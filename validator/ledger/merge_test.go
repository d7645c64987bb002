package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// replica returns the snapshot of an API that was called, after a while.
func replica(t *testing.T, after time.Duration, calls func(a *api)) ledger.Snapshot {
	t.Helper()
	a := newAPI(t, ledger.Config{Ceilings: []ledger.Ceiling{{MaxScopes: 2}}, MaxScopes: 3, MaxOperations: 3})
	a.clock.Advance(after)
	calls(a)
	return a.ledger.Snapshot()
}

func merge(t *testing.T, snapshots ...ledger.Snapshot) ledger.Snapshot {
	t.Helper()
	sum, err := ledger.Merge(snapshots...)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// replicas are three that were called differently.
func replicas(t *testing.T) [3]ledger.Snapshot {
	t.Helper()
	return [3]ledger.Snapshot{
		replica(t, time.Minute, func(a *api) {
			a.call("list", scopes.All("read"), a.billing("read", "write", "admin"))
			a.call("x", scopes.All("x"), a.billing("read"), shadow)
			a.call("list", scopes.All("read"), "")
		}),
		replica(t, time.Hour, func(a *api) {
			a.call("list", scopes.All("read"), a.billing("read", "write", "admin"))
			a.call("write", scopes.All("write"), a.billing("write"))
			a.call("write", scopes.All("write"), a.billing("read"))
			a.call("a", scopes.All("b"), a.billing("read", "new"))
			a.call("c", scopes.All("d"), a.billing("read"))
			a.call("list", scopes.Authenticated(), "", func(r *request) { r.Optional = true })
		}),
		replica(t, 0, func(a *api) {
			a.call("list", scopes.All("read"), a.issuer.Mint(validatortest.Client("shop").Scope("read").ExpiresIn(2*time.Hour)))
			a.call("list", scopes.All("read"), "eyJ")
			a.call("list", scopes.All("read"), "")
		}),
	}
}

func TestMerge(t *testing.T) {
	r := replicas(t)
	sum := merge(t, r[:]...)
	at := func(d time.Duration) time.Time { return epoch.Add(d) }
	want := ledger.Snapshot{
		Version: 1, Instances: sum.Instances, Since: epoch, Until: at(time.Hour), Anonymous: 1,
		Refusals: []ledger.Refusals{{Code: "CREDENTIALS_MISSING", Count: 2}, {Code: "TOKEN_MALFORMED", Count: 1}},
		Clients: []ledger.Client{
			{
				Issuer: "https://auth.example.com", ClientID: "billing", Since: at(time.Minute), Last: at(time.Hour), Calls: 3, LongestLifetime: 3600,
				Scopes: []ledger.Scope{
					{Name: "admin", Granted: at(time.Hour)},
					{Name: "read", Granted: at(time.Hour), Uses: 2, Used: at(time.Hour)},
					{Name: "write", Granted: at(time.Hour), Uses: 1, Used: at(time.Hour), Missing: 1},
				},
				Operations: []ledger.Operation{
					{Name: "a", Refused: 1, Last: at(time.Hour)},
					{Name: "list", Calls: 2, Last: at(time.Hour)},
					{Name: "write", Calls: 1, Refused: 1, Last: at(time.Hour)},
					{Name: "x", Shadowed: 1, Last: at(time.Minute)},
				},
				Refusals:   []ledger.Refusals{{Code: "INSUFFICIENT_SCOPE", Count: 3}},
				Excesses:   []ledger.Excesses{{Excess: "number", Warned: 2, Last: at(time.Hour)}},
				LostScopes: 4, LostOperations: 1,
			},
			{
				Issuer: "https://auth.example.com", ClientID: "shop", Since: epoch, Last: epoch, Calls: 1, LongestLifetime: 7200,
				Scopes:     []ledger.Scope{{Name: "read", Granted: epoch, Uses: 1, Used: epoch}},
				Operations: []ledger.Operation{{Name: "list", Calls: 1, Last: epoch}},
				Refusals:   []ledger.Refusals{}, Excesses: []ledger.Excesses{},
			},
		},
	}
	if got, wanted := text(sum), text(want); got != wanted {
		t.Errorf("\n%s, want\n%s", got, wanted)
	}
	if len(sum.Instances) != 3 {
		t.Errorf("instances %q", sum.Instances)
	}
}

// In whatever order and in how many steps, the sum is the same, and the snapshots
// stay as they are.
func TestMergeIsASum(t *testing.T) {
	r := replicas(t)
	before := text(r)
	want := text(merge(t, r[:]...))
	for _, other := range []ledger.Snapshot{
		merge(t, r[2], r[0], r[1]), merge(t, merge(t, r[0], r[1]), r[2]), merge(t, r[1], merge(t, r[2], r[0])), merge(t, merge(t, r[:]...)),
	} {
		if text(other) != want {
			t.Errorf("\n%s, want\n%s", text(other), want)
		}
	}
	if text(r) != before {
		t.Error("a snapshot was changed")
	}
}

// Of one and the same ledger the latest snapshot counts.
func TestMergeOfOneInstance(t *testing.T) {
	a := newAPI(t, ledger.Config{})
	a.call("list", scopes.All("read"), a.billing("read"))
	first := a.ledger.Snapshot()
	a.clock.Advance(time.Minute)
	a.call("list", scopes.All("read"), a.billing("read"))
	second := a.ledger.Snapshot()
	if forth, back := merge(t, first, second), merge(t, second, first); text(forth) != text(second) || text(back) != text(second) {
		t.Errorf("%s", text(forth))
	}
	other := replicas(t)[0]
	for _, list := range [][]ledger.Snapshot{{merge(t, first, other), second}, {second, merge(t, first, other)}} {
		if _, err := ledger.Merge(list...); !errors.Is(err, ledger.ErrOverlap) {
			t.Errorf("error %v", err)
		}
	}
	second.Version = 2
	if _, err := ledger.Merge(first, second); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("error %v", err)
	}
}

func text(v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestReadSnapshot(t *testing.T) {
	r := replicas(t)
	for _, s := range []ledger.Snapshot{r[0], r[1], merge(t, r[:]...), replica(t, 0, func(*api) {})} {
		got, err := ledger.ReadSnapshot(strings.NewReader(text(s)))
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%v\n%+v, want\n%+v", err, got, s)
		}
	}
	disordered := merge(t, r[:]...)
	slices.Reverse(disordered.Clients)
	slices.Reverse(disordered.Clients[1].Scopes)
	if got, err := ledger.ReadSnapshot(strings.NewReader(text(disordered))); err != nil || text(got) != text(merge(t, r[:]...)) {
		t.Errorf("%v\n%s", err, text(got))
	}
	good := text(r[1])
	long := strings.Repeat("x", ledger.MaxNameBytes+1)
	for name, tt := range map[string]struct{ old, new, want string }{
		"version":        {`"version": 1`, `"version": 2`, "version 2"},
		"newer form":     {`"version": 1`, `"more": 1, "version": 2`, "version 2"},
		"no version":     {`"version": 1,`, ``, "version 0"},
		"unknown member": {`"since"`, `"hence"`, "malformed"},
		"member twice":   {`"anonymous": 1`, `"anonymous": 1, "anonymous": 1`, "malformed"},
		"negative":       {`"anonymous": 1`, `"anonymous": -1`, "malformed"},
		"cut":            {`}`, ``, "malformed"},
		"scope twice":    {`"admin"`, `"read"`, "twice"},
		"operation":      {`"name": "a"`, `"name": "list"`, "twice"},
		"long scope":     {`"admin"`, `"` + long + `"`, "too long"},
		"long operation": {`"name": "a"`, `"name": "` + long + `"`, "too long"},
		"long client":    {`"billing"`, `"` + long + `"`, "too long"},
		"long issuer":    {`"issuer": "`, `"issuer": "` + long, "too long"},
		"no instance":    {`"instances": [` + "\n  \"" + r[1].Instances[0] + "\"\n ]", `"instances": []`, "instance"},
		"instance twice": {`"` + r[1].Instances[0] + `"`, `"a", "a"`, "twice"},
	} {
		changed := strings.Replace(good, tt.old, tt.new, 1)
		if _, err := ledger.ReadSnapshot(strings.NewReader(changed)); changed == good || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for name, old := range map[string]string{"clients": "clients", "refusals": "refusals", "excesses": "excesses"} {
		s := merge(t, r[:]...)
		switch old {
		case "clients":
			s.Clients = append(s.Clients, s.Clients[0])
		case "refusals":
			s.Refusals = append(s.Refusals, s.Refusals[0])
		case "excesses":
			s.Clients[0].Excesses = append(s.Clients[0].Excesses, s.Clients[0].Excesses[0])
		}
		if _, err := ledger.ReadSnapshot(strings.NewReader(text(s))); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	broken := errors.New("broken")
	if _, err := ledger.ReadSnapshot(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	endless := bytes.Repeat([]byte(" "), ledger.MaxSnapshotBytes+1)
	if _, err := ledger.ReadSnapshot(bytes.NewReader(endless)); err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("error %v", err)
	}
}

// What is read can be written and read again, and merged with itself.
func TestReadSnapshots(t *testing.T) {
	r := replicas(t)
	one, two := text(r[0]), text(r[1])
	padded := func(text string, size int) string { return "{" + strings.Repeat(" ", size-len(text)) + text[1:] }
	for name, tt := range map[string]struct {
		text string
		want []ledger.Snapshot
	}{
		"one":           {one, r[:1]},
		"two":           {one + two, r[:2]},
		"the largest":   {padded(one, ledger.MaxSnapshotBytes) + two, r[:2]},
		"apart":         {"\n" + one + " \r\n" + two + "\n", r[:2]},
		"one after all": {strings.Repeat(" ", ledger.MaxSnapshotBytes/2) + one + strings.Repeat(" ", ledger.MaxSnapshotBytes/2) + two, r[:2]},
	} {
		got, err := ledger.ReadSnapshots(strings.NewReader(tt.text))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v\n%+v", name, err, got)
		}
	}
	large := strings.Repeat(" ", ledger.MaxSnapshotBytes)
	for name, tt := range map[string]struct{ text, want string }{
		"none":          {"", "malformed"},
		"space":         {" \n", "malformed"},
		"cut":           {one + two[:len(two)-2], "malformed"},
		"with a comma":  {one + "," + two, "malformed"},
		"a list":        {"[" + one + "]", "malformed"},
		"rest":          {one + "x", "malformed"},
		"another":       {one + `{"version":2}`, "version 2"},
		"large":         {`{"version":1,` + large + one[1:], "64 MiB"},
		"large, second": {one + `{"version":1,` + large + two[1:], "64 MiB"},
		"just too large, and in part read before": {one + padded(two, ledger.MaxSnapshotBytes+1), "64 MiB"},
		"much space": {one + large + large, "64 MiB"},
	} {
		if got, err := ledger.ReadSnapshots(strings.NewReader(tt.text)); err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %d, error %v", name, len(got), err)
		}
	}
	broken := errors.New("broken")
	if _, err := ledger.ReadSnapshots(io.MultiReader(strings.NewReader(one), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// Endless input is given up.
func TestReadSnapshotsEndless(t *testing.T) {
	for _, start := range []string{"", `"`} {
		read := 0
		endless := readerFunc(func(p []byte) (int, error) {
			read += len(p)
			return copy(p, bytes.Repeat([]byte(" "), len(p))), nil
		})
		if _, err := ledger.ReadSnapshots(io.MultiReader(strings.NewReader(start), endless)); err == nil || !strings.Contains(err.Error(), "64 MiB") {
			t.Errorf("%q: error %v", start, err)
		}
		if read > ledger.MaxSnapshotBytes+1 {
			t.Errorf("%q: %d bytes were read", start, read)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func FuzzReadSnapshot(f *testing.F) {
	f.Add([]byte(`{"version":1,"instances":["a"],"clients":[{"issuer":"i","client_id":"c","scopes":[{"name":"s","uses":1}],"refusals":null}]}`))
	f.Add([]byte(`{"version":1,"instances":["a","b"],"since":"2027-01-15T08:00:00.5+01:00","anonymous":18446744073709551615}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, document []byte) {
		s, err := ledger.ReadSnapshot(bytes.NewReader(document))
		if err != nil {
			return
		}
		again, err := ledger.ReadSnapshot(strings.NewReader(text(s)))
		if err != nil || text(again) != text(s) {
			t.Fatalf("%v\n%s\n%s", err, text(s), text(again))
		}
		list, err := ledger.ReadSnapshots(bytes.NewReader(bytes.Repeat(document, 2)))
		if err != nil || len(list) != 2 || text(list[0]) != text(s) || text(list[1]) != text(s) {
			t.Fatalf("%v\n%s\n%d", err, text(s), len(list))
		}
		other := s
		other.Instances = []string{"\x00another"}
		sum, err := ledger.Merge(s, other)
		if err != nil || len(sum.Clients) != len(s.Clients) || sum.Anonymous != 2*s.Anonymous {
			t.Fatalf("%v\n%s", err, text(sum))
		}
	})
}
