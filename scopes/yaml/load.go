package yaml

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/scopes"
	"go.yaml.in/yaml/v4"
)

// LoadFile is [Load] of a file. What cannot be read is an error of the file system,
// such as [io/fs.ErrNotExist].
func LoadFile(path string) (*scopes.Policy, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, err
	}
	return Load(text, path)
}

// Load returns the policy that text is, which may be embedded in the program. The
// name is that of the file, for errors. The error joins an [*Error] for everything
// that is wrong, in the order of the file (see [errors.Join]); it stops at what is
// no YAML.
func Load(text []byte, name string) (*scopes.Policy, error) {
	root, err := parse(text, name)
	if err != nil {
		return nil, err
	}
	r := reader{problems: problems{file: name}, places: make(map[string]*yaml.Node)}
	r.document(root)
	policy, err := scopes.NewPolicy(r.operations...)
	r.locate(err)
	if err := r.err(); err != nil {
		return nil, err
	}
	return policy, nil
}

// A reader turns a document into operations.
type reader struct {
	problems
	operations []scopes.Operation    // those that were understood
	places     map[string]*yaml.Node // by the field that a ConfigError names
}

func (r *reader) document(root *yaml.Node) {
	var operations *yaml.Node
	for _, m := range r.members(root, "policy") {
		if m.key.Value != "operations" {
			r.add(m.key, "unknown key %q: expected operations", m.key.Value)
			continue
		}
		operations = m.value
	}
	if operations == nil {
		r.problem(root, "operations: required")
		return
	}
	all := r.members(operations, "operations")
	if len(all) == 0 {
		r.problem(operations, "operations: empty")
	}
	for _, m := range all {
		r.operation(m)
	}
}

// problem records what follows from others only if there are none.
func (r *reader) problem(at *yaml.Node, reason string) {
	if len(r.all) == 0 {
		r.add(at, "%s", reason)
	}
}

// operation reads one operation and notes where its parts are. One that was not
// understood is left out: what it seems to lack may be what could not be read.
func (r *reader) operation(m member) {
	before := len(r.all)
	o := scopes.Operation{Name: m.key.Value}
	fields := fieldNames(len(r.operations), o.Name)
	r.place(fields, "", m.key)
	r.place(fields, ".Name", m.key)
	for _, part := range r.members(m.value, "operation") {
		r.part(&o, fields, part)
	}
	if len(r.all) == before && o.Requirement.IsZero() && !o.Public {
		r.add(m.key, "requires is missing: authenticated asks for any valid token, and public: true for none")
	}
	if len(r.all) == before {
		r.operations = append(r.operations, o)
	}
}

// part reads one key of an operation.
func (r *reader) part(o *scopes.Operation, fields []string, m member) {
	switch key := m.key.Value; key {
	case "requires":
		r.place(fields, ".Requirement", m.value)
		o.Requirement = r.requirement(m.value)
	case "public":
		o.Public = r.boolean(m.value, key)
	case "optional":
		r.place(fields, ".Optional", m.value)
		o.Optional = r.boolean(m.value, key)
	case "shadow":
		r.place(fields, ".Shadow", m.value)
		o.Shadow = r.boolean(m.value, key)
	case "http":
		o.HTTP = r.bindings(fields, ".HTTP", m.value, key)
	case "grpc":
		o.GRPC = r.bindings(fields, ".GRPC", m.value, key)
	default:
		r.add(m.key, "unknown key %q: expected requires, public, optional, shadow, http or grpc", key)
	}
}

func (r *reader) requirement(n *yaml.Node) scopes.Requirement {
	text, ok := r.text(n, "requires")
	if !ok {
		return scopes.Requirement{}
	}
	requirement, err := scopes.ParseRequirement(text)
	if err != nil {
		r.add(n, "requires: %v", err)
	}
	return requirement
}

func (r *reader) bindings(fields []string, part string, n *yaml.Node, what string) []string {
	values, at := r.texts(n, what)
	for i, place := range at {
		r.place(fields, fmt.Sprintf("%s[%d]", part, i), place)
	}
	return values
}

// fieldNames are the ways in which a [scopes.ConfigError] names an operation.
func fieldNames(i int, name string) []string {
	return []string{fmt.Sprintf("Operations[%d]", i), fmt.Sprintf("Operations[%q]", name)}
}

func (r *reader) place(fields []string, part string, at *yaml.Node) {
	for _, field := range fields {
		r.places[field+part] = at
	}
}

// locate adds the problems of [scopes.NewPolicy], with where in the file they are.
func (r *reader) locate(err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	var lines []string // from field to line, for problems that name another field
	for _, field := range longestFirst(r.places) {
		lines = append(lines, field, fmt.Sprintf("line %d", r.places[field].Line))
	}
	names := strings.NewReplacer(lines...)
	for _, e := range joined.Unwrap() {
		if problem, ok := errors.AsType[*scopes.ConfigError](e); ok && r.places[problem.Field] != nil {
			r.add(r.places[problem.Field], "%s", names.Replace(problem.Reason))
		} else {
			r.all = append(r.all, &Error{File: r.file, Reason: e.Error()})
		}
	}
}

// longestFirst returns the fields so that none comes after one that it starts with.
func longestFirst(places map[string]*yaml.Node) []string {
	return slices.SortedFunc(maps.Keys(places), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}
