package strictjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// What follows reads RFC 8259 in one pass. A decoder for streams keeps books that
// cost more than the reading itself; here everything is in memory. The language is
// that of jsontext.Decoder, to which a fuzz target holds it. Depth is checked
// before.

// nowhere is where a value ends that is not well-formed.
const nowhere = -1

// object reads the object whose brace is at i and returns where it ends. Unless
// member is nil, it gets each member before the next one is read.
func object(b []byte, i int, member func(name []byte, value jsontext.Value) error) (end int, _ error) {
	if i = space(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	var seen names
	for {
		start := i
		end, plain := text(b, start)
		if end == nowhere {
			return nowhere, ErrSyntax
		}
		name := b[start+1 : end-1 : end-1]
		if !plain {
			name, _ = jsontext.AppendUnquote(nil, b[start:end]) // it is well-formed
		}
		if !seen.add(name) {
			return nowhere, ErrSyntax
		}
		if i = space(b, end); i == len(b) || b[i] != ':' {
			return nowhere, ErrSyntax
		}
		start = space(b, i+1)
		if end = value(b, start); end == nowhere {
			return nowhere, ErrSyntax
		}
		if member != nil {
			if err := member(name, b[start:end:end]); err != nil {
				return nowhere, err
			}
		}
		switch i = space(b, end); {
		case i < len(b) && b[i] == '}':
			return i + 1, nil
		case i == len(b) || b[i] != ',':
			return nowhere, ErrSyntax
		}
		i = space(b, i+1)
	}
}

// value returns where the value that begins at i ends.
func value(b []byte, i int) (end int) {
	if i == len(b) {
		return nowhere
	}
	switch b[i] {
	case '"':
		end, _ = text(b, i)
		return end
	case '{':
		end, _ = object(b, i, nil)
		return end
	case '[':
		return array(b, i)
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	}
	return number(b, i)
}

func array(b []byte, i int) (end int) {
	if i = space(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		end := value(b, i)
		if end == nowhere {
			return nowhere
		}
		switch i = space(b, end); {
		case i < len(b) && b[i] == ']':
			return i + 1
		case i == len(b) || b[i] != ',':
			return nowhere
		}
		i = space(b, i+1)
	}
}

func literal(b []byte, i int, want string) (end int) {
	if end = i + len(want); end > len(b) || string(b[i:end]) != want {
		return nowhere
	}
	return end
}

// number reads [ "-" ] int [ frac ] [ exp ] (RFC 8259 §6).
func number(b []byte, i int) (end int) {
	if b[i] == '-' {
		i++
	}
	if end = digits(b, i); end == i {
		return nowhere
	}
	if b[i] == '0' { // with which no longer one begins
		end = i + 1
	}
	if end < len(b) && b[end] == '.' {
		if i, end = end+1, digits(b, end+1); end == i {
			return nowhere
		}
	}
	if end < len(b) && b[end]|0x20 == 'e' {
		if i = end + 1; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if end = digits(b, i); end == i {
			return nowhere
		}
	}
	return end
}

func digits(b []byte, i int) (end int) {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

// ordinary returns where the bytes end, from i on, that stand for themselves in a
// string: ASCII but for controls, quotes and backslashes (RFC 8259 §7).
func ordinary(b []byte, i int) (end int) {
	const ones, highBits = 0x0101010101010101, 0x8080808080808080
	for ; len(b)-i >= 8; i += 8 {
		// Eight at a time. Below the first byte that is another one no difference
		// borrows, so the lowest high bit is that byte's.
		w := binary.LittleEndian.Uint64(b[i:])
		others := (w | (w - ones*' ') | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones)) & highBits
		if others != 0 {
			return i + bits.TrailingZeros64(others)/8
		}
	}
	for i < len(b) && ' ' <= b[i] && b[i] < utf8.RuneSelf && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// text returns where the string that begins at i ends, and whether it has no
// escapes.
func text(b []byte, i int) (end int, plain bool) {
	if i == len(b) || b[i] != '"' {
		return nowhere, false
	}
	plain = true
	for i++; ; {
		if i = ordinary(b, i); i == len(b) {
			return nowhere, false
		}
		size := 0
		switch c := b[i]; {
		case c == '"':
			return i + 1, plain
		case c == '\\':
			plain, size = false, escape(b[i:])
		case c >= utf8.RuneSelf:
			size = character(b[i:])
		}
		if size == 0 { // not an escape, not UTF-8, or a control character
			return nowhere, false
		}
		i += size
	}
}

// character returns the length of the character that b begins with, zero if it is
// not one in UTF-8.
func character(b []byte) (size int) {
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}

// escape returns the length of the escape sequence that b begins with, zero if it
// is none. A surrogate stands for something only as one of a pair (RFC 8259 §7,
// §8.2).
func escape(b []byte) (size int) {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	}
	switch first := codeUnit(b); {
	case first < 0 || 0xdc00 <= first && first <= 0xdfff:
		return 0
	case first < 0xd800 || 0xdfff < first:
		return 6
	}
	if second := codeUnit(b[6:]); second < 0xdc00 || 0xdfff < second {
		return 0
	}
	return 12
}

// codeUnit returns the number in an escape of "u" and four hexadecimal digits, which b must
// begin with, or else -1.
func codeUnit(b []byte) (n rune) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			n = n<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return n
}

func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
