package validator

import (
	"errors"
	"sync"
	"unsafe"

	"github.com/bearerguard/bearerguard/internal/jws"
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
	first, middle, last, ok := jws.Split(received)
	if !ok {
		return compactJWS{}, NewError(CodeTokenMalformed, errSegments)
	}
	header, ok1 := (*scratch)[:0], true
	isKnown := known != nil && string(first) == known.encoded
	if !isKnown {
		header, ok1 = jws.AppendDecoded(header, first)
	}
	both, ok2 := jws.AppendDecoded(header, last)
	payload, ok3 := jws.AppendDecoded(nil, middle)
	*scratch = both
	if !ok1 || !ok2 || !ok3 {
		return compactJWS{}, NewError(CodeTokenMalformed, errBase64)
	}
	if len(header) > maxHeaderBytes {
		return compactJWS{}, NewError(CodeHeaderInvalid, errHeaderLimit)
	}
	parsed := compactJWS{payload: payload, signature: both[len(header):], signed: received[:len(first)+1+len(middle)]}
	if !isKnown {
		parsed.header = both[:len(header)]
	}
	return parsed, nil
}
