package main

import (
	"bytes"
	"errors"
	"os"
)

// The tables stand between two lines of the README.
const (
	tablesBegin = "<!-- tables begin -->\n"
	tablesEnd   = "<!-- tables end -->\n"
)

var errMarkers = errors.New("the file lacks the markers of the tables")

// replaceTables puts tables into the file at path, in place of those in it.
func replaceTables(path string, tables []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(tablesBegin))
	if !ok {
		return errMarkers
	}
	_, after, ok := bytes.Cut(rest, []byte(tablesEnd))
	if !ok {
		return errMarkers
	}
	text = bytes.Join([][]byte{before, []byte(tablesBegin), []byte("\n"), tables, []byte(tablesEnd), after}, nil)
	return os.WriteFile(path, text, 0o644)
}
