package strictjson_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// reference is Object on top of the decoder of jsontext, which is the oracle for
// what JSON is.
func reference(b []byte, maxDepth int, member func(name []byte, value jsontext.Value) error) error {
	if strictjson.Depth(b) > maxDepth {
		return strictjson.ErrDepth
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))
	if dec.PeekKind() != '{' {
		return strictjson.ErrNotObject
	}
	if _, err := dec.ReadToken(); err != nil {
		return strictjson.ErrSyntax
	}
	for dec.PeekKind() != '}' {
		quoted, err := dec.ReadValue()
		if err != nil {
			return strictjson.ErrSyntax
		}
		name, err := jsontext.AppendUnquote(nil, quoted)
		if err != nil {
			return strictjson.ErrSyntax
		}
		value, err := dec.ReadValue()
		if err != nil {
			return strictjson.ErrSyntax
		}
		if err := member(name, value); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return strictjson.ErrSyntax
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return strictjson.ErrTrailing
	}
	return nil
}

type object func([]byte, int, func([]byte, jsontext.Value) error) error

var errStop = errors.New("stop")

// reading is what comes of reading b: the members that were handed over, one
// a line, and the error. It stops at a member with the name "stop".
func reading(read object, b []byte, maxDepth int) string {
	var got bytes.Buffer
	err := read(b, maxDepth, func(name []byte, value jsontext.Value) error {
		fmt.Fprintf(&got, "%q %q\n", name, value)
		if string(name) == "stop" {
			return errStop
		}
		return nil
	})
	fmt.Fprint(&got, err)
	return got.String()
}

func checkAgreement(t *testing.T, b []byte) {
	t.Helper()
	const maxDepth = 5
	before := bytes.Clone(b)
	got, want := reading(strictjson.Object, b, maxDepth), reading(reference, b, maxDepth)
	if got != want {
		t.Fatalf("Object(%q)\n%s\nbut the reference\n%s", b, got, want)
	}
	if !bytes.Equal(b, before) {
		t.Fatalf("%q was written to", before)
	}
}

var seeds = []string{
	`{"iss":"https://auth.example.com","aud":["a","b"],"exp":1767225600,"nbf":1.5e9,"x":{"y":[true,false,null,{}]}}`,
	`{"a":"\ud83d\ude00\u00e9\"\\\/\b\f\n\r\t","é€😀":-0.5E-10,"stop":1,"b":2}`,
	`{"a":[[],[ ],{ },0,-0,1.0,1e+1],"\u0061\ud800\udc00":"","":" "}`,
	`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"x":[{"b":1},{"b":1,"b":1}]}`, `{"a":{"b":[{}]}}{"a":{"b":[{"c":{}}]}}`,
	`{"a":"\ud800"}`, `{"a":"\udc00\ud800"}`, `{"a":"\ud800\u0041"}`, `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":.5}`,
	"{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\x7f\xef\xbf\xbd\"}", "{\"a\":\"\x1f\"}",
	"\ufeff{}", "{}\u00a0", "\v{}", "{\"a\":\f1}", `{"a":tru}`, `{"a":nulll}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{"`, `{"\`, `{"\u`,
	manyNames(23, ""), manyNames(24, ""), manyNames(25, ""), manyNames(24, `,"name0":0`), manyNames(25, `,"name24":0`), manyNames(25, `,"name3":0`), manyNames(100, `,"name50":0`),
}

// manyNames returns an object of n members, and more.
func manyNames(n int, more string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"name%d":%d`, i, i)
	}
	return "{" + strings.TrimPrefix(b.String()+more, ",") + "}"
}

func FuzzObjectAgreesWithReference(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(checkAgreement)
}

// What a fuzzer finds only after long: every byte at every place of every seed,
// every prefix, and pieces of JSON put together at random.
func TestObjectAgreesWithReference(t *testing.T) {
	for _, seed := range seeds {
		b := []byte(seed)
		if len(b) > 200 {
			checkAgreement(t, b)
			continue
		}
		for i := range b {
			checkAgreement(t, b[:i])
			checkAgreement(t, slices.Delete(bytes.Clone(b), i, i+1))
			for c := range 256 {
				mutated := bytes.Clone(b)
				mutated[i] = byte(c)
				checkAgreement(t, mutated)
			}
		}
	}
	pieces := strings.Split(`{ } [ ] : , "a" "b" "\u0061" "" "stop" "é" 0 -1 1.5 1e5 1E-5 true false null {} [] {"a":1} \ud83d \ude00 \ . e - + u 00 `+"\xff \xe2\x82 \t \x00", " ")
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		b := []byte("{")
		for range random.IntN(12) {
			b = append(b, pieces[random.IntN(len(pieces))]...)
		}
		checkAgreement(t, append(b, '}'))
	}
}

// BenchmarkObject compares with the reference over the claims of a token.
func BenchmarkObject(b *testing.B) {
	claims := []byte(`{"iss":"https://auth.example.com","sub":"orders-service","aud":["https://api.example.com","https://other.example.com"],"client_id":"orders-service",` +
		`"exp":1767225600,"nbf":1767222000,"iat":1767222000,"jti":"5f2b0c6e-7a3d-4f0e-9d5c-1b2a3c4d5e6f","scope":"orders:read orders:write","tenant":"acme","roles":["a","b"],"auth_time":1767222000}`)
	for _, read := range []struct {
		name string
		object
	}{{"Object", strictjson.Object}, {"reference", reference}} {
		b.Run(read.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read.object(claims, 16, func([]byte, jsontext.Value) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
