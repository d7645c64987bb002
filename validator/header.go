package validator

import (
	"errors"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// header is the part of the JOSE header that matters here. What else a header
// may name about keys, "jwk", "jku", "x5u", "x5c" (RFC 7515 §4.1.2–§4.1.6), is
// ignored: a token does not say which key to trust.
type header struct {
	alg string
	kid string // empty: none
	typ string
	// hasTyp tells an absent typ from an empty one.
	hasTyp bool
}

var (
	errHeaderType    = errors.New("alg, kid or typ is not a string")
	errHeaderNoAlg   = errors.New("no alg")
	errEmptyKID      = errors.New("kid is empty")
	errHeaderFeature = errors.New("crit, b64, zip, enc, epk or p2c is present")
	errAlgorithm     = errors.New("alg is not on the allow-list")
)

// A knownHeader is the header of a token whose signature was verified. The tokens
// of one key have the same header, letter by letter, which then need not be read
// again: the same bytes get the same verdict.
type knownHeader struct {
	encoded string
	header  header
}

// header returns the header of a token that was parsed with known.
func (v *Validator) header(jws *compactJWS, known *knownHeader) (header, *Error) {
	if jws.header == nil {
		return known.header, nil
	}
	h, err := parseHeader(jws.header)
	if err != nil {
		return header{}, err
	}
	return h, checkAlgorithm(&h, v.config.Algorithms)
}

// rememberHeader keeps the header of a verified token, unless it was known.
func (v *Validator) rememberHeader(raw string, jws *compactJWS, h header) {
	if jws.header != nil {
		v.lastHeader.Store(&knownHeader{strings.Clone(raw[:strings.IndexByte(raw, '.')]), h})
	}
}

// checkAlgorithm holds alg against the algorithms that this issuer may use (RFC
// 8725 §3.1).
func checkAlgorithm(h *header, algorithms []string) *Error {
	if !slices.Contains(algorithms, h.alg) {
		return NewError(CodeAlgorithmNotAllowed, errAlgorithm)
	}
	return nil
}

// parseHeader reads the JOSE header.
func parseHeader(raw []byte) (h header, _ *Error) {
	hasAlg, hasKID := false, false
	err := strictjson.Object(raw, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "alg":
			h.alg, ok = strictjson.String(value)
			hasAlg = true
		case "kid":
			h.kid, ok = strictjson.String(value)
			hasKID = true
		case "typ":
			h.typ, ok = strictjson.String(value)
			h.hasTyp = true
		case "crit", "b64", // extensions (RFC 7515 §4.1.11, RFC 7797 §3): none is understood here
			"zip", "enc", "epk", "p2c": // encryption (RFC 7516 §4.1, RFC 7518 §4), with its compression and key derivation bombs
			return errHeaderFeature
		}
		if !ok {
			return errHeaderType
		}
		return nil
	})
	switch {
	case err != nil:
		return header{}, NewError(CodeHeaderInvalid, err)
	case !hasAlg:
		return header{}, NewError(CodeHeaderInvalid, errHeaderNoAlg)
	case hasKID && h.kid == "":
		return header{}, NewError(CodeHeaderInvalid, errEmptyKID)
	}
	return h, nil
}
