package revocation

import (
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// revoke adds a revocation, or extends the one that is there: it is never made
// weaker.
func (l *List) revoke(target Target, before, until time.Time) error {
	if err := target.Check(before, until); err != nil {
		return err
	}
	added := entry{Always, until.Add(validator.MaxLeeway)}
	if target.Kind != Token {
		added.cutoff = NewCutoff(before)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if added.until.Before(now) {
		return nil // no such token would be accepted any more
	}
	p := l.partOf(target)
	known, extends := (*p.Load())[target]
	if extends {
		added.cutoff = max(added.cutoff, known.cutoff)
		if known.until.After(added.until) {
			added.until = known.until
		}
	} else if !l.room(now) {
		return ErrFull
	}
	l.replace(target, added, now)
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// replace puts a copy of the target's part in place, with the entry and without
// what has had its time.
func (l *List) replace(target Target, e entry, now time.Time) {
	p := l.partOf(target)
	old := *p.Load()
	live := old.live(now)
	live[target] = e
	p.Store(&live)
	l.held += len(live) - len(old)
	if l.held == 1 || e.until.Before(l.earliest) {
		l.earliest = e.until
	}
}

// room reports whether one more entry fits, if need be where others have had
// their time. It looks for such only when there are some.
func (l *List) room(now time.Time) bool {
	if l.held < l.most {
		return true
	}
	if !l.earliest.Before(now) {
		return false
	}
	l.held, l.earliest = 0, time.Time{}
	for i := range l.parts {
		live := l.parts[i].Load().live(now)
		l.parts[i].Store(&live)
		l.held += len(live)
		for _, e := range live {
			if l.earliest.IsZero() || e.until.Before(l.earliest) {
				l.earliest = e.until
			}
		}
	}
	return l.held < l.most
}

// live copies what has not had its time.
func (p part) live(now time.Time) part {
	live := make(part, len(p)+1)
	for target, e := range p {
		if !e.until.Before(now) {
			live[target] = e
		}
	}
	return live
}
