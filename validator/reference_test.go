package validator_test

import (
	"encoding/base64"
	stdjson "encoding/json"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file is a second reading of the RFCs, slow and written without a look at
// the code it judges: other JSON decoder, regular expressions, exact numbers. The
// fuzz targets hold the two against each other.

var (
	refSegment = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// The other decoder replaces escaped lone surrogates instead of refusing
	// them, so the targets leave out what has escaped surrogates at all.
	refSurrogate = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

// refDecode returns the three decoded segments of a compact JWS.
func refDecode(token string) (segments [3]string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return segments, false
	}
	for i, part := range parts {
		if !refSegment.MatchString(part) {
			return segments, false
		}
		padded := part + strings.Repeat("=", (4-len(part)%4)%4)
		decoded, err := base64.URLEncoding.DecodeString(padded)
		if err != nil || strings.TrimRight(base64.URLEncoding.EncodeToString(decoded), "=") != part {
			return segments, false
		}
		segments[i] = string(decoded)
	}
	return segments, true
}

// refObject reads one strict JSON object into maps, slices, strings, numbers,
// bools and nils.
func refObject(s string) (map[string]any, bool) {
	if !utf8.ValidString(s) {
		return nil, false
	}
	dec := stdjson.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	v, ok := refValue(dec, 1)
	if !ok {
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	object, ok := v.(map[string]any)
	return object, ok
}

func refValue(dec *stdjson.Decoder, depth int) (any, bool) {
	token, err := dec.Token()
	if err != nil {
		return nil, false
	}
	delim, ok := token.(stdjson.Delim)
	if !ok {
		return token, true
	}
	if depth > 16 {
		return nil, false
	}
	if delim == '[' {
		list := []any{}
		for dec.More() {
			v, ok := refValue(dec, depth+1)
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		_, err = dec.Token()
		return list, err == nil
	}
	object := map[string]any{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, false
		}
		if _, twice := object[name.(string)]; twice {
			return nil, false
		}
		v, ok := refValue(dec, depth+1)
		if !ok {
			return nil, false
		}
		object[name.(string)] = v
	}
	_, err = dec.Token()
	return object, err == nil
}

// refString returns the string under name; ok is false if it is something else.
func refString(o map[string]any, name string) (s string, present, ok bool) {
	v, present := o[name]
	s, isString := v.(string)
	return s, present, !present || isString
}

// refHeader judges a header for tokens that are signed with the Ed25519 key "ed".
func refHeader(raw string) (accepted bool, typ string, hasTyp bool) {
	h, ok := refObject(raw)
	if !ok || len(raw) > 4096 {
		return false, "", false
	}
	for _, name := range []string{"crit", "b64", "zip", "enc", "epk", "p2c"} {
		if _, present := h[name]; present {
			return false, "", false
		}
	}
	alg, _, ok1 := refString(h, "alg")
	kid, hasKID, ok2 := refString(h, "kid")
	typ, hasTyp, ok3 := refString(h, "typ")
	if !ok1 || !ok2 || !ok3 || hasKID && kid != "ed" {
		return false, "", false
	}
	return alg == "EdDSA" || alg == "Ed25519", typ, hasTyp
}

// refClaims judges claims for the validator of baseConfig.
func refClaims(raw, typ string, hasTyp bool) bool {
	c, ok := refObject(raw)
	if !ok {
		return false
	}
	for _, name := range []string{"iss", "sub", "jti", "client_id", "azp", "cid", "appid", "token_use", "typ", "scope"} {
		if _, _, ok := refString(c, name); !ok {
			return false
		}
	}
	if _, bound := c["cnf"]; bound || c["iss"] != issuerURL {
		return false
	}
	return refKind(c, typ, hasTyp) && refAudience(c) && refTimes(c) && refScp(c)
}

func refKind(c map[string]any, typ string, hasTyp bool) bool {
	switch lower := strings.ToLower(typ); {
	case lower == "at+jwt" || lower == "application/at+jwt":
		return true
	case hasTyp && lower != "jwt":
		return false
	}
	decided := false
	for _, name := range []string{"token_use", "typ"} {
		if v, present := c[name]; present {
			if !slices.Contains([]any{"access", "Bearer", "DPoP"}, v) {
				return false
			}
			decided = true
		}
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash", "events", "token_introspection", "htm", "response_type"} {
		if _, present := c[name]; present && !decided {
			return false
		}
	}
	return true
}

func refAudience(c map[string]any) bool {
	list, isList := c["aud"].([]any)
	if !isList {
		return c["aud"] == apiURL
	}
	for _, v := range list {
		if _, ok := v.(string); !ok {
			return false
		}
	}
	return slices.Contains(list, any(apiURL))
}

func refTimes(c map[string]any) bool {
	exp, present, ok := refSeconds(c, "exp", false)
	if !ok || !present || exp == 0 || float64(epoch.Unix()) >= exp+30 {
		return false
	}
	for _, name := range []string{"nbf", "iat"} {
		if t, present, ok := refSeconds(c, name, true); !ok || present && t > float64(epoch.Unix()+30) {
			return false
		}
	}
	return true
}

func refSeconds(c map[string]any, name string, up bool) (seconds float64, present, ok bool) {
	v, present := c[name]
	if !present {
		return 0, false, true
	}
	number, ok := v.(stdjson.Number)
	if !ok {
		return 0, true, false
	}
	f, _, err := big.ParseFloat(number.String(), 10, 4000, big.ToNearestEven)
	if err != nil {
		return 0, true, false
	}
	whole, _ := f.Int(nil)
	seconds, _ = new(big.Float).SetInt(whole).Float64()
	if up && f.Cmp(new(big.Float).SetInt(whole)) > 0 {
		seconds++
	}
	return seconds, true, f.Sign() >= 0 && seconds < 1<<53
}

func refScp(c map[string]any) bool {
	v, present := c["scp"]
	list, isList := v.([]any)
	for _, element := range list {
		if _, ok := element.(string); !ok {
			return false
		}
	}
	_, isString := v.(string)
	return !present || isList || isString
}

// accepted is what the reference says of a whole token, its signature aside.
func refAccepts(token string) bool {
	segments, ok := refDecode(token)
	if !ok || len(token) > 16<<10 {
		return false
	}
	ok, typ, hasTyp := refHeader(segments[0])
	return ok && refClaims(segments[1], typ, hasTyp)
}
