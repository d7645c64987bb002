package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// The bounds of what is read.
const (
	maxInput = 64 << 10 // a token is 16 KiB at most; a larger one is to be told so
	maxKeys  = 1 << 20
)

var (
	errArguments = errors.New("there are flags only, -file, -issuer, -audience, -keys, -require and -json: see the documentation of the program; no argument is repeated here, because it may be a token")
	errToken     = errors.New("an argument looks like a token: give it on standard input or with -file, and treat it as leaked, because others on this machine can have seen it")
	errNoToken   = errors.New("the input is not one token, with or without \"Authorization:\" and a scheme before it")
	errTooLong   = errors.New("too long")
)

// A question is what the program is asked.
type question struct {
	config     validator.Config
	credential validator.Credential
	required   scopes.Requirement
	json       bool
}

// read reads flags, environment and token. The error joins every problem. It never
// has anything of an argument or of the input in it.
func read(args []string, getenv func(string) string, stdin io.Reader, stderr io.Writer) (*question, error) {
	for _, arg := range args {
		if looksLikeToken(arg) {
			return nil, errToken
		}
	}
	var issuer, audience, keys, file, rule string
	q := new(question)
	flags := flag.NewFlagSet("tokencheck", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // its errors repeat arguments
	flags.StringVar(&issuer, "issuer", getenv("OAUTH2_ISSUER"), "")
	flags.StringVar(&audience, "audience", getenv("OAUTH2_AUDIENCE"), "")
	flags.StringVar(&keys, "keys", "", "")
	flags.StringVar(&file, "file", "", "")
	flags.StringVar(&rule, "require", "authenticated", "")
	flags.BoolVar(&q.json, "json", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return nil, errArguments
	}
	var errConfig, errKeys, errRule error
	q.config, errConfig = validator.ConfigFromEnv(func(name string) string {
		switch {
		case name == "OAUTH2_ISSUER":
			return issuer
		case name == "OAUTH2_AUDIENCE":
			return audience
		case name == "OAUTH2_JWKS_URL" && keys != "":
			// It is not asked. It is there because otherwise the issuer would have to
			// be one whose keys can be discovered.
			return "https://keys.invalid/"
		}
		return getenv(name)
	})
	if keys != "" {
		q.config.JWKSURL = ""
		q.config.Keys, errKeys = readKeys(keys, stderr)
	}
	if q.required, errRule = scopes.ParseRequirement(rule); errRule != nil {
		errRule = errors.New("-require: not a requirement, such as 'orders:read AND (billing:read OR admin)'")
	}
	errInput := q.readCredential(file, stdin)
	return q, errors.Join(errConfig, errKeys, errRule, errInput)
}

// looksLikeToken reports whether there is something in s that begins like a JWT:
// an object in base64url, and a dot.
func looksLikeToken(s string) bool {
	i := strings.Index(s, "eyJ")
	return i >= 0 && strings.Contains(s[i:], ".")
}

// readKeys reads a key set. Keys that cannot be used are reported and left out.
func readKeys(file string, stderr io.Writer) (jwks.Source, error) {
	document, err := readFile("-keys", file, maxKeys)
	if err != nil {
		return nil, err
	}
	set, dropped, err := jwks.Parse(document)
	for _, d := range dropped {
		fmt.Fprintf(stderr, "-keys: key %d cannot be used: %v\n", d.Index+1, d.Reason)
	}
	if err != nil {
		return nil, fmt.Errorf("-keys: %w", err)
	}
	return jwks.Static(set), nil
}

// readCredential reads the token, and the scheme if there is one.
func (q *question) readCredential(file string, stdin io.Reader) (err error) {
	var input []byte
	if file != "" {
		input, err = readFile("-file", file, maxInput)
	} else if input, err = readBounded(stdin, maxInput); err != nil {
		err = fmt.Errorf("standard input: %w", err)
	}
	if err != nil {
		return err
	}
	words := strings.Fields(string(input))
	if len(words) == 3 && strings.EqualFold(words[0], "Authorization:") {
		words = words[1:]
	}
	switch len(words) {
	case 1:
		q.credential = validator.Credential{Scheme: "Bearer", Token: words[0]}
	case 2:
		q.credential = validator.Credential{Scheme: words[0], Token: words[1]}
	default:
		return errNoToken
	}
	return nil
}

// readFile reads a file. The error has no name of a file in it: it may be a token
// in the wrong place.
func readFile(flag, name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err == nil {
		defer func() { _ = file.Close() }()
		var content []byte
		if content, err = readBounded(file, limit); err == nil {
			return content, nil
		}
	}
	if problem, ok := errors.AsType[*fs.PathError](err); ok {
		err = problem.Err
	}
	return nil, fmt.Errorf("%s: %w", flag, err)
}

func readBounded(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = errTooLong
	}
	return content, err
}
