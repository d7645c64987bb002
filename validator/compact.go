package validator

import (
	"bytes"
	"encoding/base64"
	"errors"
)

// The caps come before any work on the token.
const (
	maxTokenBytes  = 16 << 10 // the whole token, encoded
	maxHeaderBytes = 4 << 10  // the JOSE header, decoded
	maxJSONDepth   = 16
)

var (
	errSegments    = errors.New("not three non-empty segments")
	errBase64      = errors.New("a segment is not canonical unpadded base64url")
	errTokenSize   = errors.New("token over 16 KiB")
	errHeaderLimit = errors.New("header over 4 KiB")
)

// compactJWS is a token in JWS Compact Serialization (RFC 7515 §7.1), taken
// apart. The signature covers signed, the very bytes that were received.
type compactJWS struct {
	header    []byte
	payload   []byte
	signature []byte
	signed    []byte
}

// checkSize comes before everything that takes time in proportion.
func checkSize(token string) *Error {
	if len(token) > maxTokenBytes {
		return NewError(CodeTokenTooLarge, errTokenSize)
	}
	return nil
}

// parseCompact takes a token apart. No other serialization is read.
func parseCompact(token string) (compactJWS, *Error) {
	received := []byte(token)
	first := bytes.IndexByte(received, '.')
	last := bytes.LastIndexByte(received, '.')
	if first == last { // also when there is no dot at all
		return compactJWS{}, NewError(CodeTokenMalformed, errSegments)
	}
	// A dot inside the middle segment is outside the base64url alphabet, so
	// decoding refuses a token of four segments and more, a JWE for example.
	header, ok1 := decodeSegment(received[:first])
	payload, ok2 := decodeSegment(received[first+1 : last])
	signature, ok3 := decodeSegment(received[last+1:])
	if !ok1 || !ok2 || !ok3 {
		return compactJWS{}, NewError(CodeTokenMalformed, errBase64)
	}
	if len(header) > maxHeaderBytes {
		return compactJWS{}, NewError(CodeHeaderInvalid, errHeaderLimit)
	}
	return compactJWS{header: header, payload: payload, signature: signature, signed: received[:last]}, nil
}

// strictBase64 is base64url without padding (RFC 7515 §2) whose unused trailing
// bits are zero, so that a token has one spelling only (RFC 4648 §3.5).
var strictBase64 = base64.RawURLEncoding.Strict()

// decodeSegment decodes a segment, which must not be empty. The decoder of the
// standard library skips line breaks, so those are looked for first.
func decodeSegment(segment []byte) ([]byte, bool) {
	if len(segment) == 0 || bytes.ContainsAny(segment, "\r\n") {
		return nil, false
	}
	decoded := make([]byte, strictBase64.DecodedLen(len(segment)))
	n, err := strictBase64.Decode(decoded, segment)
	return decoded[:n], err == nil
}
