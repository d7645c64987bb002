package recipes_test

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// recorded is when all shapes were recorded: every one of them is neither
// expired nor issued in the future then.
var recorded = stopped(time.Unix(1_800_000_000, 0))

// stopped is a clock that stands still.
type stopped time.Time

func (c stopped) Now() time.Time { return time.Time(c) }

func (c stopped) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// A shape is one kind of token of one authorization server, without its
// signature. Token is for tokens that are not a signed JWT, in place of the
// others.
type shape struct {
	Name   string         `json:"-"`
	Header jsontext.Value `json:"header"`
	Claims jsontext.Value `json:"claims"`
	Token  string         `json:"token"`
}

// shapesOf reads all shapes in a folder of testdata, those of access tokens of
// machines first, by name.
func shapesOf(folder string) []shape {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(files) == 0 {
		panic(fmt.Sprint("no shapes in ", folder, ": ", err))
	}
	var shapes []shape
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		s := shape{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(text, &s, json.RejectUnknownMembers(true)); err != nil {
			panic(file + ": " + err.Error())
		}
		shapes = append(shapes, s)
	}
	slices.SortFunc(shapes, func(a, b shape) int {
		return cmp.Or(cmp.Compare(rank(a.Name), rank(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return shapes
}

func rank(name string) int {
	return slices.IndexFunc([]string{"machine", "user", ""}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// signingKey is the one private key of all the authorization servers, made anew
// for every run.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// sign makes the token of a shape. Every server here signs with RS256; where a
// header says otherwise, the token is refused for that, whatever the signature.
func (s shape) sign() string {
	if s.Token != "" {
		return s.Token
	}
	segment := func(v jsontext.Value) string {
		v = slices.Clone(v)
		if err := v.Compact(); err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(v)
	}
	message := segment(s.Header) + "." + segment(s.Claims)
	digest := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(rand.Reader, signingKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return message + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// published is the key set of the server: one key for each key id in its shapes.
func published(shapes []shape) jwks.Source {
	var keys []*jwks.Key
	for _, s := range shapes {
		var header struct {
			ID string `json:"kid"`
		}
		if s.Token != "" {
			continue
		}
		if err := json.Unmarshal(s.Header, &header); err != nil {
			panic(err)
		}
		key, err := jwks.NewKey(header.ID, "RS256", signingKey().Public())
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	set, err := jwks.NewSet(keys...)
	if err != nil {
		panic(err)
	}
	return jwks.Static(set)
}

// verdict validates one token: what there is to know about it, or the code of
// the refusal.
func verdict(config validator.Config, keys jwks.Source, token string) string {
	config.JWKSURL, config.Keys, config.Clock = "", keys, recorded
	v, err := validator.New(config)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = v.Close() }()
	t, err := v.Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: token})
	if refusal, ok := errors.AsType[*validator.Error](err); ok {
		return refusal.Code().String()
	}
	return fmt.Sprintf("client=%s IsClient=%t scopes=[%v]", t.ClientID(), t.IsClient(), t.Scopes())
}

// judge prints the verdict on every shape in a folder.
func judge(config validator.Config, folder string) {
	shapes := shapesOf(folder)
	keys := published(shapes)
	for _, s := range shapes {
		fmt.Printf("%s: %s\n", s.Name, verdict(config, keys, s.sign()))
	}
}
