// Package doccheck holds the documentation against the code.
package doccheck_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc/codes"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// squeeze drops indentation and empty lines, which differ between a fragment and
// the function around it.
func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// Every Go block of a document stands in some Go file of this module, letter by
// letter, so that a compiler has seen it.
func TestGoBlocksAreCompiled(t *testing.T) {
	var sources []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") {
			text, readErr := os.ReadFile(path)
			sources, err = append(sources, squeeze(string(text))), readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(.*?)```")
	for _, document := range []string{"README.md", "examples/recipes/README.md", "examples/migrating/README.md"} {
		blocks := block.FindAllStringSubmatch(read(t, document), -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no Go block", document)
		}
		for _, b := range blocks {
			found := false
			for _, source := range sources {
				found = found || strings.Contains(source, squeeze(b[1]))
			}
			if !found {
				t.Errorf("%s has a block that stands in no Go file:\n%s", document, b[1])
			}
		}
	}
}

// The error table of the README is the error table.
func TestErrorTable(t *testing.T) {
	var table strings.Builder
	table.WriteString("| code | HTTP | `error` | gRPC | description |\n|---|---|---|---|---|\n")
	for code := range validator.Codes() {
		oauth := "–"
		if code.OAuthError() != "" {
			oauth = "`" + code.OAuthError() + "`"
		}
		status := fmt.Sprint(code.HTTPStatus())
		if code.Retryable() {
			status += " + `Retry-After`"
		}
		description := code.Description()
		fmt.Fprintf(&table, "| `%v` | %s | %s | %v | %s |\n", code, status, oauth, codes.Code(code.GRPCStatus()), description)
	}
	if !strings.Contains(read(t, "README.md"), table.String()) {
		t.Errorf("README.md must have this table:\n%s", &table)
	}
}

// Numbers that the README gives and that the code has a name for.
func TestDefaults(t *testing.T) {
	readme := read(t, "README.md")
	for _, row := range []string{
		fmt.Sprintf("| Leeway for `exp`, `nbf`, `iat` | %.0f s, at most %.0f min |", validator.DefaultLeeway.Seconds(), validator.MaxLeeway.Minutes()),
		fmt.Sprintf("| Algorithms | %s |", strings.Join(validator.AlgorithmNames(), ", ")),
		fmt.Sprintf("| Keys in a set | at most %d |", jwks.MaxKeys),
		fmt.Sprintf("| Verified tokens remembered | %d, in at most %d MiB;", validator.DefaultCacheEntries, validator.DefaultCacheBytes>>20),
		fmt.Sprintf("| Tenants kept | %d, closed after %.0f h ", validator.DefaultMaxTenants, validator.DefaultTenantIdleAfter.Hours()),
	} {
		if !strings.Contains(readme, row) {
			t.Errorf("README.md must have the row %s", row)
		}
	}
}

// Links between the documents lead somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	code := regexp.MustCompile("(?s)```.*?```")
	for _, document := range []string{
		"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md",
		"examples/README.md", "examples/recipes/README.md", "examples/migrating/README.md",
	} {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, document), ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(document), match[1])); err != nil {
				t.Errorf("%s links to %s: %v", document, match[1], err)
			}
		}
	}
}
