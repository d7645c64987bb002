package openapi

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/getkin/kin-openapi/openapi3"
)

// ConfigError is one problem, with a field of [Config] or with a part of the
// document: an operation is named by method and path, "GET /orders/{id}".
type ConfigError = configerr.Error

// Config says how to read a document. The zero value reads what the document says.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// BasePath is what stands before every path in routes, such as "/v1". Empty:
	// the path of the document's servers, which all have to have the same. "/"
	// leaves the paths as they are.
	BasePath string

	// IgnoreSchemes names security schemes of the document, as in its components,
	// that something else checks, such as an API key at the gateway. They are left
	// out: what is needed together with them is needed still, and an alternative
	// of them alone is none.
	IgnoreSchemes []string
}

// LoadFile is [Load] of a file. What cannot be read is an error of the file system,
// such as [io/fs.ErrNotExist].
func LoadFile(path string, c Config) (*scopes.Policy, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	document, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, err
	}
	return Load(document, c)
}

// Load returns the policy that an OpenAPI document in JSON or YAML describes. The
// error joins a [*ConfigError] for everything that is wrong with its security (see
// [errors.Join]); it stops at a document that is not valid.
func Load(document []byte, c Config) (*scopes.Policy, error) {
	doc, err := parse(document)
	if err != nil {
		return nil, err
	}
	r := reader{config: c, doc: doc, names: make(map[string]string)}
	r.checkConfig()
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		r.problems.Check(!ambiguous(item), path, "operations or servers beside $ref, where OpenAPI does not say which of the two count")
		operations := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			r.operation(method, path, item, operations[method])
		}
	}
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	if len(r.operations) == 0 {
		return nil, &ConfigError{Field: "paths", Reason: "no operations"}
	}
	policy, err := scopes.NewPolicy(r.operations...)
	if err != nil {
		return nil, r.located(err)
	}
	return policy, nil
}

// A reader turns a document into operations.
type reader struct {
	config     Config
	doc        *openapi3.T
	problems   configerr.List
	operations []scopes.Operation
	places     []string          // method and path of the operations
	names      map[string]string // method and path by the name of the operation
}

func (r *reader) checkConfig() {
	r.problems.Check(r.config.BasePath == "" || r.config.BasePath[0] == '/', "BasePath", "starts with a slash")
	for i, name := range r.config.IgnoreSchemes {
		r.problems.Check(r.scheme(name) != nil, fmt.Sprintf("IgnoreSchemes[%d]", i), fmt.Sprintf("the document has no security scheme %q", name))
	}
}

func (r *reader) operation(method, path string, item *openapi3.PathItem, from *openapi3.Operation) {
	place := method + " " + path
	o := scopes.Operation{Name: from.OperationID}
	if o.Name == "" {
		o.Name = place
	}
	if first, ok := r.names[o.Name]; ok {
		r.problems.Add(place, fmt.Sprintf("%s has the operationId %q already", first, o.Name))
	}
	r.names[o.Name] = place
	base := r.basePath(place, from, item)
	if reason := checkPath(base + path); reason != "" {
		r.problems.Add(place, reason)
	}
	o.HTTP = []string{method + " " + base + path}
	r.secure(&o, place, from.Security)
	r.operations = append(r.operations, o)
	r.places = append(r.places, place)
}

// located says of which operations the problems of [scopes.NewPolicy] are.
func (r *reader) located(err error) error {
	var problems configerr.List
	for _, problem := range configerr.All(err) {
		field := problem.Field
		for i, o := range r.operations {
			for _, prefix := range []string{fmt.Sprintf("Operations[%d]", i), fmt.Sprintf("Operations[%q]", o.Name)} {
				if rest, ok := strings.CutPrefix(problem.Field, prefix); ok {
					field = r.places[i]
					if rest == ".Name" {
						field += ", operationId"
					}
				}
			}
		}
		problems.Add(field, problem.Reason)
	}
	return problems.Err()
}
