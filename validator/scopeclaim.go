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
	// Which JSON types the claim may have: a string of scopes, an array of
	// scopes, or an object whose names are scopes.
	text, array, object bool
}

// compileScopeClaim reads an entry, of which [Config.ScopeClaims] tells the
// forms. ok is false for an entry that names nothing.
func compileScopeClaim(entry string) (c scopeClaim, ok bool) {
	name, array := strings.CutSuffix(entry, "[]")
	name, object := strings.CutSuffix(name, "{}")
	if array && object {
		return scopeClaim{}, false
	}
	c.text = !array && !object
	c.array = array || c.text && name != "scope"
	c.object = object
	switch {
	case strings.HasSuffix(name, "[]") || strings.HasSuffix(name, "{}"):
		return scopeClaim{}, false // one is enough
	case strings.HasPrefix(name, "/"): // JSON Pointer (RFC 6901 §3 and §4)
		unescape := strings.NewReplacer("~1", "/", "~0", "~")
		if strings.Contains(strings.NewReplacer("~1", "", "~0", "").Replace(name), "~") {
			return scopeClaim{}, false // "~" stands before 0 or 1 only
		}
		c.path = strings.Split(name[1:], "/")
		for i := range c.path {
			c.path[i] = unescape.Replace(c.path[i])
		}
	case strings.Contains(name, "://") && len(name) > len("://"):
		c.path = []string{name}
	default:
		c.path = strings.Split(name, ".")
	}
	for _, step := range c.path {
		if step == "" {
			return scopeClaim{}, false
		}
	}
	return c, true
}

// A scopeValue is what a scope claim of a token says, of a type that is right.
// The scopes in it are taken apart only once the token is verified.
type scopeValue jsontext.Value

// readScopes keeps what a claim grants, if it is one that scopes come from.
func (c *claims) readScopes(name []byte, value jsontext.Value, from []scopeClaim) error {
	for i := range from {
		if from[i].path[0] != string(name) {
			continue
		}
		granted, err := from[i].find(value, from[i].path[1:])
		if err != nil {
			return err
		}
		if granted != nil {
			c.scopes = append(c.scopes, scopeValue(granted))
		}
	}
	return nil
}

// find follows path into value. A step that is missing grants nothing, and nil is
// returned; a step or an end of the wrong type is a token that was made wrong.
func (s *scopeClaim) find(value jsontext.Value, path []string) (found jsontext.Value, err error) {
	if len(path) > 0 {
		err = strictjson.Object(value, maxJSONDepth, func(name []byte, inner jsontext.Value) (err error) {
			if string(name) == path[0] {
				found, err = s.find(inner, path[1:])
			}
			return err
		})
		if err != nil {
			return nil, errScopeClaim
		}
		return found, nil
	}
	switch value.Kind() {
	case '"':
		if s.text {
			return value, nil
		}
	case '[':
		if s.array && strictjson.EachString(value, nil) {
			return value, nil
		}
	case '{':
		if s.object {
			return value, nil
		}
	}
	return nil, errScopeClaim
}

// granted takes the scopes apart.
func (v scopeValue) granted() scopes.Set {
	value, names := jsontext.Value(v), []string(nil)
	switch value.Kind() {
	case '"':
		// One string of scopes separated by U+0020, and by nothing else
		// (RFC 6749 §3.3, RFC 8693 §4.2).
		text, _ := strictjson.View(value)
		return scopes.Granted(text)
	case '[':
		strictjson.EachString(value, func(name string) { names = append(names, name) })
	case '{':
		_ = strictjson.Object(value, maxJSONDepth, func(name []byte, _ jsontext.Value) error {
			names = append(names, string(name))
			return nil
		})
	}
	return scopes.NewSet(names...)
}
