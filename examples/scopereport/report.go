package main

import (
	"time"

	"github.com/bearerguard/bearerguard/validator/ledger"
)

// A report is what follows from snapshots.
type report struct {
	// Since and Until are when the observation began and ended.
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Replicas int       `json:"replicas"`
	// ToDo says that something can be taken away, or is over its ceiling.
	ToDo    bool     `json:"to_do"`
	Clients []client `json:"clients"`
	// Refusals are those of requests whose token was not accepted.
	Refusals []ledger.Refusals `json:"refusals"`
	// Lost counts requests of clients of which there is no account.
	Lost uint64 `json:"lost"`
}

// A client is what is to be known of one.
type client struct {
	Issuer     string    `json:"issuer"`
	ClientID   string    `json:"client_id"`
	Since      time.Time `json:"since"`
	Last       time.Time `json:"last"`
	Calls      uint64    `json:"calls"`
	Operations int       `json:"operations"`
	// Granted are the scopes of its tokens, Used those that calls have needed.
	Granted int `json:"granted"`
	Used    int `json:"used"`
	// Unused can be taken away, unless TooEarly.
	Unused   []unused `json:"unused"`
	TooEarly bool     `json:"too_early"`
	// Missing are scopes that calls have needed in vain.
	Missing []missing `json:"missing"`
	// Excesses are the ways in which its tokens are over their ceiling.
	Excesses        []ledger.Excesses `json:"excesses"`
	LongestLifetime int64             `json:"longest_lifetime"`
	// Incomplete says that its ledger was full.
	Incomplete bool `json:"incomplete"`
}

// unused is a scope that is not used, or not any more.
type unused struct {
	Scope string    `json:"scope"`
	Used  time.Time `json:"used,omitzero"` // the last time; zero: never
}

// missing is a scope that calls lacked.
type missing struct {
	Scope string `json:"scope"`
	Calls uint64 `json:"calls"`
}

func newReport(s ledger.Snapshot, by settings) *report {
	r := &report{Since: s.Since, Until: s.Until, Replicas: len(s.Instances), Clients: []client{}, Refusals: s.Refusals, Lost: s.Lost}
	for i := range s.Clients {
		c := newClient(&s.Clients[i], s.Until, by)
		r.Clients = append(r.Clients, c)
		r.ToDo = r.ToDo || len(c.Unused) > 0 && !c.TooEarly || len(c.Excesses) > 0
	}
	return r
}

func newClient(from *ledger.Client, now time.Time, by settings) client {
	c := client{
		Issuer: from.Issuer, ClientID: from.ClientID, Since: from.Since, Last: from.Last, Calls: from.Calls, Operations: len(from.Operations),
		Unused: []unused{}, TooEarly: now.Sub(from.Since) < by.observed, Missing: []missing{},
		Excesses: from.Excesses, LongestLifetime: from.LongestLifetime, Incomplete: from.LostScopes > 0 || from.LostOperations > 0,
	}
	for _, s := range from.Scopes {
		if s.Missing > 0 {
			c.Missing = append(c.Missing, missing{s.Name, s.Missing})
		}
		if !by.recent(s.Granted, now) {
			continue
		}
		c.Granted++
		if by.recent(s.Used, now) {
			c.Used++
		} else {
			c.Unused = append(c.Unused, unused{s.Name, s.Used})
		}
	}
	return c
}

// recent reports whether something has happened, and not longer ago than counts.
func (by settings) recent(at, now time.Time) bool {
	return !at.IsZero() && (by.idle == 0 || now.Sub(at) <= by.idle)
}
