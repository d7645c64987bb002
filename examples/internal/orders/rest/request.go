// Package rest is how orders look over HTTP, whatever the framework: the JSON of
// requests and answers, and the event stream.
package rest

import (
	"errors"
	"io"
	"net/http"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxBody is how many bytes of a request's body are read. Every character of
	// an item may be an escaped surrogate pair.
	maxBody = 4 << 10
	// maxDepth is more than a good body needs, for a better answer to a bad one.
	maxDepth = 8
)

var (
	errSyntax  = errors.New("not a JSON object")
	errMembers = errors.New(`not an object with the one member "item", a string`)
)

// ReadItem reads the body of a request that creates an order,
//
//	{"item": "…"}
//
// and nothing else: a member that nobody knows is a mistake of the caller's, who
// should hear of it. The error is for [Refuse].
func ReadItem(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return "", err
	}
	return parseItem(body)
}

func parseItem(body []byte) (item string, err error) {
	found := false
	err = strictjson.Object(body, maxDepth, func(name []byte, value jsontext.Value) error {
		if string(name) != "item" {
			return errMembers
		}
		item, found = strictjson.String(value)
		return nil
	})
	switch {
	case errors.Is(err, errMembers) || err == nil && !found:
		return "", errMembers
	case err != nil:
		return "", errSyntax
	}
	return item, nil
}
