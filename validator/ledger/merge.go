package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrOverlap is the error of [Merge] for snapshots that count the same requests in
// part.
var ErrOverlap = errors.New("ledger: two snapshots are of the same instance in part")

// Merge adds up the snapshots of several replicas. Of several snapshots of one and
// the same ledger the latest counts, which has everything that the others have. The
// arguments are not changed, and nothing in the result is shared with them. The
// error is [ErrOverlap], or says that a snapshot has another [Version].
func Merge(snapshots ...Snapshot) (Snapshot, error) {
	list, err := apart(snapshots)
	if err != nil {
		return Snapshot{}, err
	}
	sum := Snapshot{Version: Version, Instances: []string{}}
	clients := map[party]*Client{}
	refused := map[string]*Refusals{}
	for _, s := range list {
		sum.Instances = append(sum.Instances, s.Instances...)
		sum.Since, sum.Until = earlier(sum.Since, s.Since), later(sum.Until, s.Until)
		sum.Anonymous += s.Anonymous
		sum.Lost += s.Lost
		addRefusals(refused, s.Refusals)
		for i := range s.Clients {
			c := &s.Clients[i]
			merged(clients, party{c.Issuer, c.ClientID}).add(c)
		}
	}
	sum.Clients, sum.Refusals = values(clients), values(refused)
	sum.sort()
	return sum, nil
}

// apart leaves out snapshots of which there is a later one.
func apart(snapshots []Snapshot) (list []Snapshot, _ error) {
	for _, s := range snapshots {
		if s.Version != Version {
			return nil, fmt.Errorf("ledger: a snapshot of version %d, not %d", s.Version, Version)
		}
		other := slices.IndexFunc(list, func(o Snapshot) bool {
			return slices.ContainsFunc(o.Instances, func(name string) bool { return slices.Contains(s.Instances, name) })
		})
		switch {
		case other < 0:
			list = append(list, s)
		case len(s.Instances) != 1 || len(list[other].Instances) != 1:
			return nil, ErrOverlap
		case s.Until.After(list[other].Until):
			list[other] = s
		}
	}
	return list, nil
}

// add adds another account of the same client.
func (c *Client) add(o *Client) {
	c.Issuer, c.ClientID = o.Issuer, o.ClientID
	c.Since, c.Last = earlier(c.Since, o.Since), later(c.Last, o.Last)
	c.Calls += o.Calls
	c.LongestLifetime = max(c.LongestLifetime, o.LongestLifetime)
	c.LostScopes += o.LostScopes
	c.LostOperations += o.LostOperations

	scopes := index(c.Scopes, func(s *Scope) string { return s.Name })
	for _, s := range o.Scopes {
		sum := merged(scopes, s.Name)
		sum.Name, sum.Granted, sum.Used = s.Name, later(sum.Granted, s.Granted), later(sum.Used, s.Used)
		sum.Uses += s.Uses
		sum.Missing += s.Missing
	}
	operations := index(c.Operations, func(s *Operation) string { return s.Name })
	for _, s := range o.Operations {
		sum := merged(operations, s.Name)
		sum.Name, sum.Last = s.Name, later(sum.Last, s.Last)
		sum.Calls += s.Calls
		sum.Shadowed += s.Shadowed
		sum.Refused += s.Refused
	}
	excesses := index(c.Excesses, func(s *Excesses) Excess { return s.Excess })
	for _, s := range o.Excesses {
		sum := merged(excesses, s.Excess)
		sum.Excess, sum.Last = s.Excess, later(sum.Last, s.Last)
		sum.Warned += s.Warned
		sum.Refused += s.Refused
	}
	refused := index(c.Refusals, func(r *Refusals) string { return r.Code })
	addRefusals(refused, o.Refusals)
	c.Scopes, c.Operations, c.Excesses, c.Refusals = values(scopes), values(operations), values(excesses), values(refused)
}

func addRefusals(sums map[string]*Refusals, list []Refusals) {
	for _, r := range list {
		sum := merged(sums, r.Code)
		sum.Code = r.Code
		sum.Count += r.Count
	}
}

func index[K comparable, V any](list []V, key func(*V) K) map[K]*V {
	m := make(map[K]*V, len(list))
	for i := range list {
		m[key(&list[i])] = &list[i]
	}
	return m
}

// merged returns the entry of a key, an empty one if there was none.
func merged[K comparable, V any](m map[K]*V, key K) *V {
	if m[key] == nil {
		m[key] = new(V)
	}
	return m[key]
}

func values[K comparable, V any](m map[K]*V) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, *v)
	}
	return list
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// earlier leaves out the zero time, which is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
