package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/yaml3"
)

// MaxSize is how large a document may be, in bytes.
const MaxSize = 8 << 20

// maxDepth is how deeply JSON may nest.
const maxDepth = 1000

var version = regexp.MustCompile(`^3\.[012](\.[0-9]+)?$`)

// parse returns the document, which is valid, with its references resolved.
func parse(document []byte) (*openapi3.T, error) {
	if len(document) > MaxSize {
		return nil, &ConfigError{Field: "document", Reason: fmt.Sprintf("more than %d bytes", MaxSize)}
	}
	if err := unambiguous(document); err != nil {
		return nil, &ConfigError{Field: "document", Reason: err.Error()}
	}
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = false // which is the default, but on which much depends
	doc, err := loader.LoadFromData(document)
	if err != nil {
		return nil, &ConfigError{Field: "document", Reason: err.Error()}
	}
	if !version.MatchString(doc.OpenAPI) {
		return nil, &ConfigError{Field: "openapi", Reason: fmt.Sprintf("version %q: expected 3.0, 3.1 or 3.2", doc.OpenAPI)}
	}
	// Examples, defaults and patterns of schemas have nothing to do with security.
	err = doc.Validate(context.Background(), openapi3.DisableExamplesValidation(),
		openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation())
	if err != nil {
		return nil, &ConfigError{Field: "document", Reason: err.Error()}
	}
	return doc, nil
}

// unambiguous refuses what the loader passes over: in JSON a member that is there
// twice, of which the last one counts; in YAML a second document, which does not.
func unambiguous(document []byte) error {
	if json.Valid(document) {
		return strictjson.Object(document, maxDepth, nil)
	}
	documents := yaml.NewDecoder(bytes.NewReader(document))
	var first, second yaml.Node
	if err := documents.Decode(&first); err != nil {
		return err
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	return nil
}
