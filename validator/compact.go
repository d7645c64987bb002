package validator

import (
	"bytes"
	"encoding/base64"
	"errors"
	"sync"
	"unsafe"
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
	header    []byte // in scratch; nil: the known one
	payload   []byte
	signature []byte // in scratch
	signed    []byte // in the token, never to be written to
}

// scratches hold what is needed of a token only until its signature is checked.
var scratches = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

// bytesOf returns the bytes of a token without copying them. Nobody writes to them.
func bytesOf(token string) []byte { return unsafe.Slice(unsafe.StringData(token), len(token)) }

// checkSize comes before everything that takes time in proportion.
func checkSize(token string) *Error {
	if len(token) > maxTokenBytes {
		return NewError(CodeTokenTooLarge, errTokenSize)
	}
	return nil
}

// parseCompact takes a token apart, using scratch and what it grows to. No other
// serialization is read. A header that is spelled like known is not decoded.
func parseCompact(token string, scratch *[]byte, known *knownHeader) (compactJWS, *Error) {
	received := bytesOf(token)
	first := bytes.IndexByte(received, '.')
	last := bytes.LastIndexByte(received, '.')
	if first == last { // also when there is no dot at all
		return compactJWS{}, NewError(CodeTokenMalformed, errSegments)
	}
	// A dot inside the middle segment is outside the base64url alphabet, so
	// decoding refuses a token of four segments and more, a JWE for example.
	header, ok1 := (*scratch)[:0], true
	isKnown := known != nil && token[:first] == known.encoded
	if !isKnown {
		header, ok1 = appendDecoded(header, received[:first])
	}
	both, ok2 := appendDecoded(header, received[last+1:])
	payload, ok3 := appendDecoded(nil, received[first+1:last])
	*scratch = both
	if !ok1 || !ok2 || !ok3 {
		return compactJWS{}, NewError(CodeTokenMalformed, errBase64)
	}
	if len(header) > maxHeaderBytes {
		return compactJWS{}, NewError(CodeHeaderInvalid, errHeaderLimit)
	}
	jws := compactJWS{payload: payload, signature: both[len(header):], signed: received[:last]}
	if !isKnown {
		jws.header = both[:len(header)]
	}
	return jws, nil
}

// strictBase64 is base64url without padding (RFC 7515 §2) whose unused trailing
// bits are zero, so that its bytes have one spelling only (RFC 4648 §3.5). That
// makes no token unique: ECDSA has two signatures that are equally good, (r, s)
// and (r, n−s), so nothing may rely on a token to have one digest only.
var strictBase64 = base64.RawURLEncoding.Strict()

// appendDecoded decodes a segment, which must not be empty. The decoder of the
// standard library skips line breaks; then fewer bytes come out than the length
// of the segment stands for, or its length is one that no segment has.
func appendDecoded(dst, segment []byte) ([]byte, bool) {
	if len(segment) == 0 || len(segment)%4 == 1 {
		return dst, false
	}
	decoded, err := strictBase64.AppendDecode(dst, segment)
	return decoded, err == nil && len(decoded)-len(dst) == strictBase64.DecodedLen(len(segment))
}
