package ledger

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxSnapshotBytes is how large a snapshot can be that [ReadSnapshot] reads.
const MaxSnapshotBytes = 64 << 20

var (
	errTooLarge  = errors.New("ledger: a snapshot of over 64 MiB")
	errNotJSON   = errors.New("ledger: not a snapshot: the JSON is malformed, or has members of another type or name")
	errDuplicate = errors.New("ledger: not a snapshot: something is in it twice")
	errName      = errors.New("ledger: not a snapshot: a name is too long")
	errInstance  = errors.New("ledger: not a snapshot: it does not say of which instance")
)

// ReadSnapshot reads a snapshot in JSON, as [Ledger.Snapshot] gives it and [Merge]
// adds it up. The error is that of the reader, or says that it is not one.
func ReadSnapshot(r io.Reader) (Snapshot, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxSnapshotBytes+1))
	if err != nil {
		return Snapshot{}, err
	}
	if len(text) > MaxSnapshotBytes {
		return Snapshot{}, errTooLarge
	}
	return parse(text)
}

// ReadSnapshots reads snapshots that stand one after the other, at least one, each
// as [ReadSnapshot] does. There are either all of them or an error.
func ReadSnapshots(r io.Reader) ([]Snapshot, error) {
	var list []Snapshot
	limited := &io.LimitedReader{R: r}
	decoder := jsontext.NewDecoder(limited)
	for {
		limited.N = MaxSnapshotBytes + 1 // beyond what the decoder has read ahead
		text, err := decoder.ReadValue()
		_, malformed := errors.AsType[*jsontext.SyntacticError](err)
		switch {
		case err != nil && limited.N <= 0 || len(text) > MaxSnapshotBytes:
			return nil, errTooLarge
		case err == io.EOF && len(list) > 0:
			return list, nil
		case err == io.EOF || malformed:
			return nil, errNotJSON
		case err != nil:
			return nil, err
		}
		s, err := parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
}

func parse(text []byte) (Snapshot, error) {
	var form struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &form); err != nil {
		return Snapshot{}, errNotJSON
	}
	if form.Version != Version {
		return Snapshot{}, fmt.Errorf("ledger: a snapshot of version %d, not %d", form.Version, Version)
	}
	var s Snapshot
	if err := json.Unmarshal(text, &s, json.RejectUnknownMembers(true)); err != nil {
		return Snapshot{}, errNotJSON
	}
	if err := s.check(); err != nil {
		return Snapshot{}, err
	}
	s.sort()
	return s, nil
}

// check refuses what no ledger has written.
func (s *Snapshot) check() error {
	if len(s.Instances) == 0 {
		return errInstance
	}
	unique := distinct(s.Instances, func(name *string) string { return *name }) &&
		distinct(s.Refusals, func(r *Refusals) string { return r.Code }) &&
		distinct(s.Clients, func(c *Client) party { return party{c.Issuer, c.ClientID} })
	for i := range s.Clients {
		c := &s.Clients[i]
		unique = unique && distinct(c.Scopes, func(s *Scope) string { return s.Name }) &&
			distinct(c.Operations, func(o *Operation) string { return o.Name }) &&
			distinct(c.Refusals, func(r *Refusals) string { return r.Code }) &&
			distinct(c.Excesses, func(e *Excesses) Excess { return e.Excess })
		if c.hasLongName() {
			return errName
		}
	}
	if !unique {
		return errDuplicate
	}
	return nil
}

func (c *Client) hasLongName() bool {
	long := max(len(c.Issuer), len(c.ClientID))
	for i := range c.Scopes {
		long = max(long, len(c.Scopes[i].Name))
	}
	for i := range c.Operations {
		long = max(long, len(c.Operations[i].Name))
	}
	return long > MaxNameBytes
}

func distinct[K comparable, V any](list []V, key func(*V) K) bool {
	return len(index(list, key)) == len(list)
}
