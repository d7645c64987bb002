package jws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// Allowed returns a copy of the algorithms that the field of a configuration lists, or
// the defaults if it lists none. There is neither "none" nor a symmetric one to allow
// (RFC 8725 §3.1 and §3.2, RFC 9449 §4.3 check 5).
func Allowed(names, defaults []string, field string, problems *configerr.List) []string {
	if len(names) == 0 {
		return slices.Clone(defaults)
	}
	for i, name := range names {
		if Index(name) >= 0 {
			continue
		}
		reason := "unknown; known are " + strings.Join(Names(), ", ")
		switch name {
		case "HS256", "HS384", "HS512":
			reason = "symmetric: whoever can verify such a signature can also make it; known are " + strings.Join(Names(), ", ")
		case "none":
			reason = "not a signature; known are " + strings.Join(Names(), ", ")
		}
		problems.Add(fmt.Sprintf("%s[%d]", field, i), reason)
	}
	return slices.Clone(names)
}
