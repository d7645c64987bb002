package yaml

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// MaxSize is how large a file may be, in bytes.
const MaxSize = 1 << 20

// maxDepth is how deeply values may stand within each other. A policy needs four.
const maxDepth = 16

// parse returns the root of the one document that text is.
func parse(text []byte, name string) (*yaml.Node, error) {
	if len(text) > MaxSize {
		return nil, &Error{File: name, Reason: fmt.Sprintf("more than %d bytes", MaxSize)}
	}
	if !utf8.Valid(text) {
		return nil, &Error{File: name, Reason: "not UTF-8"}
	}
	var document yaml.Node
	err := yaml.Load(text, &document, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, located(err, name)
	}
	return document.Content[0], nil
}

// located is what the parser found, with the place where it did.
func located(err error, name string) error {
	e := &Error{File: name, Reason: strings.TrimPrefix(err.Error(), "yaml: ")}
	if cause, ok := errors.AsType[*yaml.LoadError](err); ok {
		e.Line, e.Column, e.Reason = cause.Mark.Line, cause.Mark.Column, cause.Message
		if cause.ContextMsg != "" {
			e.Reason = cause.ContextMsg + ": " + e.Reason
		}
	}
	return e
}

// A member is one key of a mapping, with its value.
type member struct{ key, value *yaml.Node }

// members returns what a mapping has, without the keys that are there twice.
func (p *problems) members(n *yaml.Node, what string) []member {
	if !p.plain(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		p.add(n, "%s: expected a mapping", what)
		return nil
	}
	var all []member
	first := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name, ok := p.text(key, "key")
		if !ok {
			continue
		}
		if other := first[name]; other != nil {
			p.add(key, "%q is in line %d already", name, other.Line)
			continue
		}
		first[name] = key
		all = append(all, member{key, value})
	}
	return all
}

// text returns the value of a text. What YAML takes for something else, a number
// for instance, has to be in quotes.
func (p *problems) text(n *yaml.Node, what string) (string, bool) {
	if !p.plain(n) {
		return "", false
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		p.add(n, "%s: expected one text", what)
	case n.Tag == "!!null":
		p.add(n, "%s: empty", what)
	case n.Tag != "!!str":
		p.add(n, "%s: expected a text: put %s in quotes", what, n.Value)
	case n.Value == "":
		p.add(n, "%s: empty", what)
	default:
		return n.Value, true
	}
	return "", false
}

// boolean returns the value of true or false, which are written so.
func (p *problems) boolean(n *yaml.Node, what string) bool {
	if !p.plain(n) {
		return false
	}
	if n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
		p.add(n, "%s: expected true or false", what)
		return false
	}
	return n.Value == "true"
}

// texts returns a list of texts, and where each stands.
func (p *problems) texts(n *yaml.Node, what string) (values []string, at []*yaml.Node) {
	if !p.plain(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		p.add(n, "%s: expected a list", what)
		return nil, nil
	}
	if len(n.Content) == 0 {
		p.add(n, "%s: empty: leave it out", what)
	}
	for _, element := range n.Content {
		if value, ok := p.text(element, what); ok {
			values, at = append(values, value), append(at, element)
		}
	}
	return values, at
}

// plain reports whether n is written where it stands. What a rule says should not
// have to be looked up elsewhere in the file, nor grow when it is.
func (p *problems) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		p.add(n, "no aliases")
	case n.Anchor != "":
		p.add(n, "no anchors")
	case n.Style&yaml.TaggedStyle != 0:
		p.add(n, "no tags")
	default:
		return true
	}
	return false
}
