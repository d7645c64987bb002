package validator

import (
	"strings"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/go-json-experiment/json/jsontext"
)

// scopeClaim is one entry of [Config.ScopeClaims], compiled.
type scopeClaim struct {
	path []string // names from the top level down
	// array and text say which JSON types the claim may have.
	array, text bool
}

// compileScopeClaim reads an entry, of which [Config.ScopeClaims] tells the
// forms. ok is false for an entry that names nothing.
func compileScopeClaim(entry string) (c scopeClaim, ok bool) {
	name, forced := strings.CutSuffix(entry, "[]")
	switch {
	case strings.HasPrefix(name, "/"): // JSON Pointer (RFC 6901 §3 and §4)
		c.path = strings.Split(name[1:], "/")
		unescape := strings.NewReplacer("~1", "/", "~0", "~")
		for i := range c.path {
			c.path[i] = unescape.Replace(c.path[i])
		}
	case strings.Contains(name, "://"):
		c.path = []string{name}
	default:
		c.path = strings.Split(name, ".")
	}
	for _, step := range c.path {
		if step == "" {
			return scopeClaim{}, false
		}
	}
	c.array = forced || entry != "scope"
	c.text = !forced
	return c, true
}

// readScopes adds what a claim grants, if it is one that scopes come from.
func (c *claims) readScopes(name []byte, value jsontext.Value, from []scopeClaim) error {
	for i := range from {
		if from[i].path[0] != string(name) {
			continue
		}
		granted, err := from[i].granted(value, from[i].path[1:])
		if err != nil {
			return err
		}
		c.scopes = c.scopes.Union(granted)
	}
	return nil
}

// granted follows path into value. A step that is missing grants nothing; a
// step or an end of the wrong type is a token that was made wrong.
func (s *scopeClaim) granted(value jsontext.Value, path []string) (granted scopes.Set, err error) {
	if len(path) > 0 {
		err = strictjson.Object(value, maxJSONDepth, func(name []byte, inner jsontext.Value) (err error) {
			if string(name) == path[0] {
				granted, err = s.granted(inner, path[1:])
			}
			return err
		})
		if err != nil {
			return scopes.Set{}, errScopeClaim
		}
		return granted, nil
	}
	switch kind := value.Kind(); {
	case kind == '"' && s.text:
		// One string of scopes separated by U+0020, and by nothing else
		// (RFC 6749 §3.3, RFC 8693 §4.2).
		if text, ok := strictjson.String(value); ok {
			return scopes.Granted(text), nil
		}
	case kind == '[' && s.array:
		if list, ok := strictjson.Strings(value); ok {
			return scopes.NewSet(list...), nil
		}
	}
	return scopes.Set{}, errScopeClaim
}
