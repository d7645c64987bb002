// Package jws reads, verifies and signs JWS in Compact Serialization (RFC 7515 §7.1),
// access tokens and the proofs that come with them, with the standard library's
// cryptography. No other serialization is read.
package jws

import (
	"bytes"
	"encoding/base64"
)

// Split returns the segments of a compact serialization, still encoded. The
// signature covers the received bytes before the second dot.
func Split(received []byte) (header, payload, signature []byte, ok bool) {
	header, rest, ok := bytes.Cut(received, dot)
	if !ok {
		return nil, nil, nil, false
	}
	// A dot inside the last segment is outside the base64url alphabet, so
	// decoding refuses four segments and more, a JWE for example.
	if payload, signature, ok = bytes.Cut(rest, dot); !ok {
		return nil, nil, nil, false
	}
	return header, payload, signature, true
}

var dot = []byte{'.'}

// strictBase64 is base64url without padding (RFC 7515 §2) whose unused trailing
// bits are zero, so that its bytes have one spelling only (RFC 4648 §3.5). That
// makes no token unique: ECDSA has two signatures that are equally good, (r, s)
// and (r, n−s), so nothing may rely on a token to have one digest only.
var strictBase64 = base64.RawURLEncoding.Strict()

// AppendDecoded decodes a segment, which must not be empty. The decoder of the
// standard library skips line breaks; then fewer bytes come out than the length
// of the segment stands for, or its length is one that no segment has.
func AppendDecoded(dst, segment []byte) ([]byte, bool) {
	if len(segment) == 0 || len(segment)%4 == 1 {
		return dst, false
	}
	decoded, err := strictBase64.AppendDecode(dst, segment)
	return decoded, err == nil && len(decoded)-len(dst) == strictBase64.DecodedLen(len(segment))
}

// A Compact is a JWS in compact serialization, taken apart and not yet believed.
type Compact struct {
	Header, Payload, Signature []byte // decoded
	Signed                     []byte // the received bytes that the signature covers
}

// Parse takes a JWS apart, strictly. Signed shares memory with received.
func Parse(received []byte) (c Compact, ok bool) {
	header, payload, signature, ok := Split(received)
	if !ok {
		return Compact{}, false
	}
	var ok1, ok2, ok3 bool
	c.Header, ok1 = AppendDecoded(nil, header)
	c.Payload, ok2 = AppendDecoded(nil, payload)
	c.Signature, ok3 = AppendDecoded(nil, signature)
	c.Signed = received[:len(header)+1+len(payload)]
	return c, ok1 && ok2 && ok3
}
