package jwks

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// A cache is the file with the last set that the issuer confirmed (see
// [Config].CacheFile).
type cache struct {
	source string // the issuer or URL whose keys these are
	file   *url.URL
	client *fetch.Client

	writing sync.Mutex
}

func newCache(path, source string, c clock.Clock) *cache {
	return &cache{source: source, file: fileURL(path), client: fetch.New(fileTransport{}, c)}
}

var (
	errNotCache    = errors.New("not a saved key set: a JWK Set with string members source and confirmed")
	errOtherSource = errors.New("has the keys of another issuer or URL")
	errFuture      = errors.New("was confirmed in the future")
	errExpired     = errors.New("older than MaxStale")
)

// A saved set is what the file has.
type saved struct {
	set       *Set
	dropped   []Dropped
	confirmed time.Time
}

// load reads the file. Its keys are admitted like those of a response. Without a
// file there is nothing, and no error.
func (c *cache) load(ctx context.Context) (*saved, error) {
	response, err := c.client.Get(ctx, c.file, make(http.Header))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var source, confirmed string
	err = strictjson.Object(response.Body, maxDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "source":
			source, ok = strictjson.String(value)
		case "confirmed":
			confirmed, ok = strictjson.String(value)
		}
		if !ok {
			return errNotCache
		}
		return nil
	})
	at, timeErr := time.Parse(time.RFC3339, confirmed)
	if err != nil || timeErr != nil {
		return nil, errNotCache
	}
	// Two issuers with the same file by mistake must not get each other's keys.
	if source != c.source {
		return nil, errOtherSource
	}
	set, dropped, err := Parse(response.Body)
	if err != nil {
		return nil, err
	}
	return &saved{set, dropped, at}, nil
}

// usable returns an error if the set must not be used: its keys live no longer
// than they would have in the process that saved them.
func (s *saved) usable(now time.Time, maxStale time.Duration) error {
	switch age := clock.Elapsed(s.confirmed, now); {
	case age < 0: // and nobody knows how old
		return errFuture
	case age >= maxStale:
		return errExpired
	}
	return nil
}

// write replaces the file as a whole: a reader, or a start after a crash, finds the
// former one or this one.
func (c *cache) write(s *snapshot) error {
	document, err := s.set.encode(c.source, s.confirmed)
	if err != nil {
		return err
	}
	path := filepath.FromSlash(c.file.Path)
	// Created with mode 0600.
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = file.Write(document)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
