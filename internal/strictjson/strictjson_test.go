package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

func TestObject(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"a":`, depth-1) + `{}` + strings.Repeat(`}`, depth-1)
	}
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty object", `{}`, nil},
		{"members", `{"a":1,"b":[true,null,"x"]}`, nil},
		{"white space", " \t\r\n{ \"a\" : 1 } \n", nil},
		{"brackets in strings are not depth", `{"a":"[[[[[[\"[[[[[[[[[[[[{{{{"}`, nil},
		{"deepest allowed", nested(16), nil},
		{"one too deep", nested(17), strictjson.ErrDepth},
		{"very deep", strings.Repeat("[", 100_000), strictjson.ErrDepth},
		{"nothing", ``, strictjson.ErrNotObject},
		{"array", `[]`, strictjson.ErrNotObject},
		{"null", `null`, strictjson.ErrNotObject},
		{"string", `"{}"`, strictjson.ErrNotObject},
		{"byte order mark", "\ufeff{}", strictjson.ErrNotObject},
		{"duplicate", `{"a":1,"a":1}`, strictjson.ErrSyntax},
		{"duplicate by escape", `{"a":1,"\u0061":1}`, strictjson.ErrSyntax},
		{"duplicate deep down", `{"x":[{"a":{"b":1,"b":2}}]}`, strictjson.ErrSyntax},
		{"invalid UTF-8 in value", "{\"a\":\"\xff\"}", strictjson.ErrSyntax},
		{"invalid UTF-8 in name", "{\"\xff\":1}", strictjson.ErrSyntax},
		{"lone surrogate", `{"a":"\ud800"}`, strictjson.ErrSyntax},
		{"trailing object", `{}{}`, strictjson.ErrTrailing},
		{"trailing bracket", `{}}`, strictjson.ErrTrailing},
		{"trailing NUL", "{}\x00", strictjson.ErrTrailing},
		{"unclosed", `{"a":1`, strictjson.ErrSyntax},
		{"trailing comma", `{"a":1,}`, strictjson.ErrSyntax},
		{"comment", `{/**/}`, strictjson.ErrSyntax},
		{"single quotes", `{'a':1}`, strictjson.ErrSyntax},
		{"unquoted name", `{a:1}`, strictjson.ErrSyntax},
		{"leading zero", `{"a":01}`, strictjson.ErrSyntax},
		{"NaN", `{"a":NaN}`, strictjson.ErrSyntax},
		{"name is a number", `{1:1}`, strictjson.ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := strictjson.Object([]byte(tt.in), 16, func([]byte, jsontext.Value) error { return nil })
			if !errors.Is(err, tt.want) {
				t.Errorf("Object(%.40q) = %v, want %v", tt.in, err, tt.want)
			}
		})
	}
}

func TestObjectDeliversMembers(t *testing.T) {
	var got []string
	err := strictjson.Object([]byte(`{"a" : "x", "\u0062":[1, 2],"":null}`), 16,
		func(name []byte, value jsontext.Value) error {
			got = append(got, string(name)+"="+string(value))
			return nil
		})
	if want := `a="x" b=[1, 2] =null`; err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	stop := errors.New("stop")
	err = strictjson.Object([]byte(`{"a":1,"b":2}`), 16, func([]byte, jsontext.Value) error { return stop })
	if err != stop {
		t.Errorf("the error of the callback became %v", err)
	}
}

func TestStrings(t *testing.T) {
	tests := []struct {
		in   string
		want []string
		ok   bool
	}{
		{`[]`, []string{}, true},
		{`["a","b\u0063"]`, []string{"a", "bc"}, true},
		{` [ "a" , "b" ] `, []string{"a", "b"}, true},
		{"[\n\t\"a\"\r]", []string{"a"}, true},
		{`["]","[",",","\"","\\","\\\""]`, []string{"]", "[", ",", `"`, `\`, `\"`}, true},
		{`[""]`, []string{""}, true},
		{`[true]`, nil, false},
		{`[{"a":"b"}]`, nil, false},
		{`["a",1]`, nil, false},
		{`["a",null]`, nil, false},
		{`["a",["b"]]`, nil, false},
		{`"a"`, nil, false},
		{`null`, nil, false},
		{`{}`, nil, false},
	}
	for _, tt := range tests {
		// As part of an object, which is how values come here.
		err := strictjson.Object([]byte(`{"a":`+tt.in+`}`), 16, func(_ []byte, v jsontext.Value) error {
			got, ok := strictjson.Strings(v)
			if ok != tt.ok || ok && strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("Strings(%s) = %q, %v", tt.in, got, ok)
			}
			if strictjson.EachString(v, nil) != tt.ok {
				t.Errorf("EachString(%s) is not %v", tt.in, tt.ok)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
		}
	}
	if s, ok := strictjson.String(jsontext.Value(`"a\n\u00e9"`)); s != "a\né" || !ok {
		t.Errorf("String = %q, %v", s, ok)
	}
	if _, ok := strictjson.String(jsontext.Value(`1`)); ok {
		t.Error("a number passed as a string")
	}
}
