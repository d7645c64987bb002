package openapi

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// basePath returns what stands before the paths of an operation: the path of its
// servers, those of its own before those of its path and of the document.
func (r *reader) basePath(place string, o *openapi3.Operation, item *openapi3.PathItem) string {
	if r.config.BasePath != "" {
		return strings.TrimSuffix(r.config.BasePath, "/")
	}
	servers := r.doc.Servers
	if len(item.Servers) > 0 {
		servers = item.Servers
	}
	if o.Servers != nil && len(*o.Servers) > 0 {
		servers = *o.Servers
	}
	base := ""
	for i, server := range servers {
		path, err := server.BasePath()
		if err != nil {
			r.problems.Add(place, fmt.Sprintf("server %q has no path that can be told; set BasePath", server.URL))
			return ""
		}
		path = strings.TrimSuffix(path, "/")
		if i > 0 && path != base {
			r.problems.Add(place, fmt.Sprintf("its servers have different paths, %q and %q; set BasePath", base, path))
			return ""
		}
		base = path
	}
	return base
}

// ambiguous reports whether a path refers to another one and has operations or
// servers of its own: what is in both is undefined (OpenAPI 3.1 §4.8.9.1, $ref), and
// other tools may see another rule than this one.
func ambiguous(item *openapi3.PathItem) bool {
	if item.Ref == "" {
		return false
	}
	written, err := item.MarshalYAML() // as it stands in the document
	members, _ := written.(map[string]any)
	for name := range members {
		switch {
		case name == "$ref", name == "summary", name == "description", name == "parameters", strings.HasPrefix(name, "x-"):
		default:
			return true
		}
	}
	return err != nil
}

// parameter is a template expression that is a wildcard in every router.
var parameter = regexp.MustCompile(`\{[\p{L}_][\p{L}\p{Nd}_-]*\}`)

// checkPath says what in a path would mean something else to a router, or nothing.
// For OpenAPI, nothing but {name} is more than text.
func checkPath(path string) string {
	text := parameter.ReplaceAllString(path, "x")
	switch {
	case strings.ContainsAny(text, "{}"):
		return "a parameter is {name}, of letters, digits, _ and -"
	case strings.Contains(text, "*"):
		return `"*" is text for OpenAPI and a wildcard for routers`
	case strings.Contains(text, "/:"):
		return `":" at the start of a segment is text for OpenAPI and a wildcard for routers`
	}
	return ""
}
