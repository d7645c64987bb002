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
	if t.more == nil {
		return nil
	}
	details := make([]AuthorizationDetail, len(t.more.details))
	for i, d := range t.more.details {
		details[i] = AuthorizationDetail{Detail: d, raw: t.more.raw[i]}
	}
	return details
}

// readDetails reads authorization_details: an array of objects, each with a type
// (RFC 9396 §2).
func readDetails(value jsontext.Value) (_ []scopes.Detail, raw []jsontext.Value, _ error) {
	if value.Kind() != '[' || json.Unmarshal(value, &raw) != nil || len(raw) > maxDetails {
		return nil, nil, errDetails
	}
	details := make([]scopes.Detail, len(raw))
	for i, element := range raw {
		d := &details[i]
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
			return nil, nil, errDetails
		}
	}
	return details, raw, nil
}
