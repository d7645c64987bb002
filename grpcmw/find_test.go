package grpcmw

import (
	"regexp"
	"testing"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
)

func compiled(tb testing.TB, config Config) rules {
	tb.Helper()
	var problems configerr.List
	r := config.compile(&problems)
	if err := problems.Err(); err != nil {
		tb.Fatal(err)
	}
	return r
}

var searched = Config{
	Rules: map[string]scopes.Requirement{
		"/a.B/*": scopes.All("service"),
		"/a.B/C": scopes.All("method"),
	},
	Optional: map[string]scopes.Requirement{"/a.B/O": scopes.All("optional")},
	Public:   []string{"/a.P/*", "/a.Q/C"},
}

// said is what a rule says, for comparison.
func said(r rule, ok bool) string {
	switch {
	case !ok:
		return "no rule"
	case r.public:
		return "public"
	case r.optional:
		return "optional " + r.requirement.String()
	}
	return r.requirement.String()
}

func TestFind(t *testing.T) {
	r := compiled(t, searched)
	for name, want := range map[string]string{
		"/a.B/C":       "method",
		"/a.B/D":       "service",
		"/a.B/c":       "service",
		"/a.B/O":       "optional optional",
		"/a.P/C":       "public",
		"/a.Q/C":       "public",
		"/a.Q/D":       "no rule",
		"/a.B/":        "no rule",
		"/a.B/*":       "no rule",
		"/a.B":         "no rule",
		"/a.b/C":       "no rule",
		"a.B/C":        "no rule",
		"//a.B/C":      "no rule",
		"/a.B//C":      "no rule",
		"/a.B/C/":      "no rule",
		"/a.B/x/C":     "no rule",
		"/a.B/C?x":     "no rule",
		"/a.B/C#x":     "no rule",
		"/a.B/%43":     "no rule",
		"/a.B/C;x":     "no rule",
		"/a.B/C ":      "no rule",
		"/a.B/C\x00":   "no rule",
		"/x/../a.B/C":  "no rule",
		"/a.B/../a.PC": "no rule",
		"":             "no rule",
		"/":            "no rule",
		"C":            "no rule",
	} {
		if got := said(r.find(name)); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	r := compiled(t, searched)
	for _, name := range []string{"/a.B/C", "/a.B/D", "/nobody.Knows/It"} {
		if n := testing.AllocsPerRun(100, func() { r.find(name) }); n != 0 {
			t.Errorf("%q: %v allocations", name, n)
		}
	}
}

// reference is find as the documentation of Config tells it, one name of the
// configuration after the other.
func reference(c Config, fullMethod string) string {
	parts := regexp.MustCompile(`^(/[A-Za-z0-9._-]+/)[A-Za-z0-9._-]+$`).FindStringSubmatch(fullMethod)
	if parts == nil {
		return "no rule"
	}
	for _, wanted := range []string{fullMethod, parts[1] + "*"} {
		for name, requirement := range c.Rules {
			if name == wanted {
				return requirement.String()
			}
		}
		for name, requirement := range c.Optional {
			if name == wanted {
				return "optional " + requirement.String()
			}
		}
		for _, name := range c.Public {
			if name == wanted {
				return "public"
			}
		}
	}
	return "no rule"
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"/a.B/C", "/a.B/D", "/a.P/x", "/a.Q/C", "/a.B/C?x", "/a.B//", "//", "/a.B/*", "/a.B/\u00e9"} {
		f.Add(seed)
	}
	r := compiled(f, searched)
	f.Fuzz(func(t *testing.T, fullMethod string) {
		if got, want := said(r.find(fullMethod)), reference(searched, fullMethod); got != want {
			t.Errorf("%q: got %q, want %q", fullMethod, got, want)
		}
	})
}

// Any string is either a name that can be looked up again, or a problem.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"/a.B/C", "/a.B/*", "/a.B", "a.B/C", "/*/*", "/a/b/c", ""} {
		f.Add(seed)
	}
	valid := regexp.MustCompile(`^/[A-Za-z0-9._-]+/([A-Za-z0-9._-]+|\*)$`)
	f.Fuzz(func(t *testing.T, name string) {
		var problems configerr.List
		config := Config{Rules: map[string]scopes.Requirement{name: scopes.Authenticated()}}
		r := config.compile(&problems)
		if err := problems.Err(); (err == nil) != valid.MatchString(name) {
			t.Fatalf("%q: %v", name, err)
		} else if err != nil {
			return
		}
		if name[len(name)-1] == '*' {
			name = name[:len(name)-1] + "Any"
		}
		if _, ok := r.find(name); !ok {
			t.Errorf("%q is not found", name)
		}
	})
}
