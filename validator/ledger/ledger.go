package ledger

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// A Ledger is an account of clients. It is safe for concurrent use. It starts empty
// with the process; who wants a longer memory keeps snapshots.
type Ledger struct {
	config    Config // normalized
	ceilings  map[party]*Ceiling
	instance  string
	since     time.Time
	clients   table[party, client]
	anonymous atomic.Uint64
	refusals  refusals // of requests without a verified token
}

// refusals counts by code.
type refusals [256]atomic.Uint64

// New returns an empty ledger. The error joins every problem of the configuration,
// each a [*ConfigError] that names its field.
func New(config Config) (*Ledger, error) {
	c, err := config.normalize()
	if err != nil {
		return nil, err
	}
	l := &Ledger{config: c, ceilings: make(map[party]*Ceiling, len(c.Ceilings)), instance: rand.Text(), since: c.Clock.Now()}
	l.clients.limit, l.clients.keep = c.MaxClients, keepParty
	for i := range c.Ceilings {
		l.ceilings[c.Ceilings[i].party()] = &c.Ceilings[i]
	}
	return l, nil
}

// Record enters a decision. It is for [validator.Config.OnDecision].
func (l *Ledger) Record(_ context.Context, d validator.Decision) {
	switch {
	case d.Token != nil:
		if c := l.client(d.Token); c != nil {
			c.record(&d, l.config.Clock.Now().Unix())
		}
	case d.Err != nil:
		l.refusals[d.Code()].Add(1)
	default:
		l.anonymous.Add(1)
	}
}

// client returns the account of a verified token's client, nil if it does not fit.
func (l *Ledger) client(t *validator.Token) *client {
	return l.clients.find(party{t.Issuer(), t.ClientID()}, newClient, &l.config)
}
