package validator

import (
	"bytes"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An AuthorizationDetail is one element of authorization_details (RFC 9396 §2):
// what the token may be used for, in finer terms than a scope.
type AuthorizationDetail struct {
	// Detail has the fields that RFC 9396 §2.2 defines for every type.
	scopes.Detail
	raw jsontext.Value
}

// Decode decodes the element into dst, a pointer, as [Token.Claims] does: for the
// fields of its type.
func (d AuthorizationDetail) Decode(dst any) error {
	return claimsError(json.Unmarshal(bytes.Clone(d.raw), dst, exactNumbers))
}

// AuthorizationDetails returns what the token says under authorization_details (RFC
// 9396 §9.1), in its order. The slice is the caller's own, what it refers to must not
// be modified. [scopes.WithDetail] asks for one in a requirement.
func (t *Token) AuthorizationDetails() []AuthorizationDetail {
	var details []AuthorizationDetail
	for i, d := range t.more.details.all() {
		details = append(details, AuthorizationDetail{Detail: d, raw: t.more.details.raw[i]})
	}
	return details
}

// details is what a token says under authorization_details.
type details struct {
	fields []scopes.Detail
	raw    []jsontext.Value // the same elements
}

// all returns the elements, also of nil.
func (d *details) all() []scopes.Detail {
	if d == nil {
		return nil
	}
	return d.fields
}

// readDetails reads authorization_details: an array of objects, each with a type
// (RFC 9396 §2).
func readDetails(value jsontext.Value) (*details, error) {
	var raw []jsontext.Value
	if value.Kind() != '[' || json.Unmarshal(value, &raw) != nil || len(raw) > maxDetails {
		return nil, errDetails
	}
	fields := make([]scopes.Detail, len(raw))
	for i, element := range raw {
		d := &fields[i]
		err := strictjson.Object(element, maxJSONDepth, func(name []byte, value jsontext.Value) error {
			ok := true
			switch string(name) {
			case "type":
				d.Type, ok = strictjson.String(value)
			case "identifier":
				d.Identifier, ok = strictjson.String(value)
			case "locations":
				d.Locations, ok = strictjson.Strings(value)
			case "actions":
				d.Actions, ok = strictjson.Strings(value)
			case "datatypes":
				d.DataTypes, ok = strictjson.Strings(value)
			case "privileges":
				d.Privileges, ok = strictjson.Strings(value)
			}
			if !ok {
				return errDetails
			}
			return nil
		})
		if err != nil || d.Type == "" {
			return nil, errDetails
		}
	}
	return &details{fields, raw}, nil
}
