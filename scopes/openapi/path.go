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
