package tokens

import (
	"crypto/sha256"
	"errors"
	"strings"
)

// Secret is a client secret that is good for as long as the program runs, such as
// one from an environment variable.
func Secret(value string) Credential { return secret(value) }

type secret string

var errNoSecret = errors.New("is empty or has a line break")

func (s secret) prove(string, string) (proof, error) {
	if s == "" || strings.ContainsAny(string(s), "\r\n") {
		return proof{}, errNoSecret
	}
	return proof{secret: string(s), madeFrom: sha256.Sum256([]byte(s))}, nil
}

func (secret) String() string   { return "a client secret" }
func (secret) GoString() string { return "a client secret" }

// SecretFile is a client secret in a file, which is read for every token request:
// a secret that was put there counts from the next one on. Line breaks at the end
// are not part of it.
func SecretFile(path string) Credential { return &secretFile{file{path: path}} }

type secretFile struct{ file file }

func (s *secretFile) prove(string, string) (proof, error) {
	return s.file.prove(func(content []byte) (proof, error) {
		return secret(strings.TrimRight(string(content), "\r\n")).prove("", "")
	})
}

func (*secretFile) String() string { return "a client secret in a file" }
