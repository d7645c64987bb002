package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// String returns the report for people.
func (r *report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "observed from %s to %s (%v) by %s\n", date(r.Since), date(r.Until), r.Until.Sub(r.Since), count(r.Replicas, "replica"))
	for i := range r.Clients {
		b.WriteByte('\n')
		r.Clients[i].write(&b)
	}
	var refused []string
	for _, n := range r.Refusals {
		refused = append(refused, fmt.Sprintf("%s %d", shown(n.Code), n.Count))
	}
	if len(refused) > 0 {
		fmt.Fprintf(&b, "\nrefused without an accepted token: %s\n", strings.Join(refused, ", "))
	}
	if r.Lost > 0 {
		fmt.Fprintf(&b, "\nnot in this report: %d requests of clients for whom there was no room\n", r.Lost)
	}
	return b.String()
}

func (c *client) write(b *strings.Builder) {
	fmt.Fprintf(b, "%s: granted %d, used %d\n", shown(cmp.Or(c.ClientID, "(no client id)")), c.Granted, c.Used)
	fmt.Fprintf(b, "  of %s, since %s, %s of %s, last seen %s\n", shown(c.Issuer), date(c.Since), count(int(c.Calls), "call"), count(c.Operations, "operation"), date(c.Last))
	take := "take away"
	if c.TooEarly {
		take = "not needed yet, but not observed for long enough"
	}
	for _, u := range c.Unused {
		since := "never used"
		if !u.Used.IsZero() {
			since = "not used since " + date(u.Used)
		}
		fmt.Fprintf(b, "  %s: %s (%s)\n", take, shown(u.Scope), since)
	}
	for _, m := range c.Missing {
		fmt.Fprintf(b, "  lacks: %s (%s)\n", shown(m.Scope), count(int(m.Calls), "call"))
	}
	for _, e := range c.Excesses {
		fmt.Fprintf(b, "  over its ceiling: %s (%d let in, %d refused, last %s)\n", shown(string(e.Excess)), e.Warned, e.Refused, date(e.Last))
	}
	if len(c.Excesses) > 0 {
		fmt.Fprintf(b, "  longest lifetime of a token that was let in: %v\n", time.Duration(c.LongestLifetime)*time.Second)
	}
	if c.Incomplete {
		b.WriteString("  incomplete: there was no room for all of its scopes and operations\n")
	}
}

func date(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// shown returns a name as it is if it is plain, and quoted otherwise: names come
// from tokens and from files.
func shown(name string) string {
	if quoted := strconv.QuoteToASCII(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
