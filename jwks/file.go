package jwks

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// fileURL returns the location of a file, which a later change of the working
// directory does not move.
func fileURL(path string) *url.URL {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return &url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
}

// fileTransport reads files as if they were fetched, so that the limits of a
// fetch hold for them, too: a file may be huge, and a disk may be far away.
type fileTransport struct{}

// RoundTrip answers with the content of the file.
func (fileTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	path := filepath.FromSlash(r.URL.Path)
	// Opening a pipe could wait for ever.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: make(http.Header),
		Body: file, ContentLength: -1, Request: r,
	}, nil
}

var errNotRegular = errors.New("not a regular file")
