package devserver

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bearerguard/bearerguard/internal/strictjson"
)

// maxAuthorizationDetails leaves room for the rest of the token, which APIs take
// up to some length only.
const maxAuthorizationDetails = 4 << 10

// authorizationDetails are what is allowed in detail (RFC 9396 §2): JSON objects in
// one canonical form, so that equal ones are equal bytes.
type authorizationDetails []jsontext.Value

// parseAuthorizationDetails reads the parameter of that name (RFC 9396 §2, §5): a
// JSON array of objects, whose types have to be registered for the client. What
// else is in an object is between the client and the API.
func parseAuthorizationDetails(parameter string, types []string) (authorizationDetails, *refusal) {
	if parameter == "" {
		return nil, nil
	}
	// A signed introspection answer puts them two levels further down (RFC 9701 §5).
	if len(parameter) > maxAuthorizationDetails || strictjson.Depth([]byte(parameter)) > maxJSONDepth-2 {
		return nil, refuse(invalidAuthorizationDetails, "authorization_details are too long or too deep")
	}
	var details authorizationDetails
	// It refuses duplicate names at any depth and invalid UTF-8, and takes null.
	if err := json.Unmarshal([]byte(parameter), &details); err != nil || len(details) == 0 {
		return nil, refuse(invalidAuthorizationDetails, "authorization_details are not a JSON array, or empty")
	}
	for i := range details {
		var kind string
		err := strictjson.Object(details[i], maxJSONDepth, func(name []byte, value jsontext.Value) error {
			if string(name) == "type" {
				kind, _ = strictjson.String(value)
			}
			return nil
		})
		if err != nil || !slices.Contains(types, kind) {
			return nil, refuse(invalidAuthorizationDetails, "authorization_details of a type that the client may not use")
		}
		// Numbers stay as they are: one beyond 2^53 would become another.
		err = details[i].Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
		if err != nil {
			return nil, refuse(invalidAuthorizationDetails, "authorization_details are malformed")
		}
	}
	return details, nil
}

// narrow returns what was asked for of the details allowed, or all of them if
// nothing was (RFC 9396 §6). Less than one whole object cannot be told from
// something else.
func (d authorizationDetails) narrow(parameter string, types []string) (authorizationDetails, *refusal) {
	asked, problem := parseAuthorizationDetails(parameter, types)
	if problem != nil || asked == nil {
		return d, problem
	}
	for _, one := range asked {
		if !slices.ContainsFunc(d, func(allowed jsontext.Value) bool { return bytes.Equal(allowed, one) }) {
			return nil, refuse(invalidAuthorizationDetails, "authorization_details that the user has not allowed")
		}
	}
	return asked, nil
}

// text returns the details for the consent page.
func (d authorizationDetails) text() (list []string) {
	for _, one := range d {
		list = append(list, string(one))
	}
	return list
}
