package validator

import (
	"bytes"
	"errors"

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

// maxDetails is how many of them a token can have.
const maxDetails = 64

var errDetails = errors.New("authorization_details is not an array of objects with a type")

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
	var all details
	ok := strictjson.EachElement(value, func(element jsontext.Value) bool {
		detail, ok := readDetail(element)
		all.fields, all.raw = append(all.fields, detail), append(all.raw, element)
		return ok && len(all.raw) <= maxDetails
	})
	if !ok {
		return nil, errDetails
	}
	return &all, nil
}

// readDetail reads one element. Its strings share memory with it.
func readDetail(element jsontext.Value) (d scopes.Detail, ok bool) {
	err := strictjson.Object(element, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "type":
			d.Type, ok = strictjson.View(value)
		case "identifier":
			d.Identifier, ok = strictjson.View(value)
		case "locations":
			d.Locations, ok = views(value)
		case "actions":
			d.Actions, ok = views(value)
		case "datatypes":
			d.DataTypes, ok = views(value)
		case "privileges":
			d.Privileges, ok = views(value)
		}
		if !ok {
			return errDetails
		}
		return nil
	})
	return d, err == nil && d.Type != ""
}

// views returns the strings in an array, and whether it has nothing else.
func views(value jsontext.Value) ([]string, bool) {
	list := []string{}
	ok := strictjson.EachString(value, func(s string) { list = append(list, s) })
	return list, ok
}
