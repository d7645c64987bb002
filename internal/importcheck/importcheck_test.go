// Package importcheck holds the imports of this module to the direction in which
// a request flows: scopes and jwks know nothing of the others, validator knows
// them, adapters know validator, and nothing knows the examples.
package importcheck_test

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bearerguard/bearerguard"

// imports returns what the packages of pattern import, by package: direct
// imports, or with deps everything below them. Test files do not count.
func imports(t *testing.T, pattern string, deps bool) map[string][]string {
	t.Helper()
	field := "Imports"
	if deps {
		field = "Deps"
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .`+field+` " "}}`, module+pattern).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	result := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		result[strings.TrimPrefix(fields[0], module+"/")] = fields[1:]
	}
	return result
}

// within reports whether path is the package root or below it.
func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func TestDirection(t *testing.T) {
	const (
		echo = "github.com/labstack/echo/v4"
		grpc = "google.golang.org/grpc"
	)
	// What must not be anywhere below a package. A rule holds for the packages
	// inside of it, too, unless they have one of their own.
	forbidden := map[string][]string{
		"scopes":        {echo, grpc, module + "/jwks", module + "/validator", module + "/httpmw", module + "/grpcmw"},
		"jwks":          {echo, grpc, module + "/scopes", module + "/validator", module + "/httpmw", module + "/grpcmw"},
		"validator":     {echo, grpc, module + "/httpmw", module + "/grpcmw"},
		"httpmw":        {echo, grpc, module + "/grpcmw"},
		"httpmw/echomw": {grpc, module + "/grpcmw"},
		"grpcmw":        {echo, module + "/httpmw"},
		"internal":      {echo, grpc, module + "/jwks", module + "/validator", module + "/httpmw", module + "/grpcmw"},
		"examples":      {},
	}
	packages := imports(t, "/...", true)
	if len(packages) < 6 {
		t.Fatalf("only %d packages", len(packages))
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		rule := ""
		for root := range forbidden {
			if within(name, root) && len(root) > len(rule) {
				rule = root
			}
		}
		if rule == "" {
			t.Errorf("no rule for package %s", name)
			continue
		}
		bad := forbidden[rule]
		if rule != "examples" {
			bad = append(slices.Clone(bad), module+"/examples")
		}
		for _, dependency := range packages[name] {
			if slices.ContainsFunc(bad, func(root string) bool { return within(dependency, root) }) {
				t.Errorf("%s must not depend on %s", name, dependency)
			}
		}
	}
}

// jwx gets no more fixes, so it stands behind one package, which uses it for one
// thing; everything else about tokens and keys is this module's own.
func TestJWXStaysBehindOneFile(t *testing.T) {
	for name, direct := range imports(t, "/...", false) {
		for _, path := range direct {
			if within(path, "github.com/lestrrat-go/jwx/v2") && name != "jwks" && !within(name, "examples") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
	out, err := exec.Command("go", "list", "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}} {{end}}`, module+"/jwks").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := exec.Command("grep", append([]string{"-l", "lestrrat-go/jwx"}, strings.Fields(string(out))...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(files)); len(got) != 1 || !strings.HasSuffix(got[0], "/jwks/parse.go") {
		t.Errorf("jwx is imported by %q", got)
	}
}
