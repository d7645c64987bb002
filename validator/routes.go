package validator

import "sync/atomic"

// routes remembers which issuer a verified token is of, so that it need not be
// taken apart to find that out again. It decides nothing: the issuer's validator
// checks everything. A route may be overwritten at any time by that of another
// token; there is room for a fixed number. It is safe for concurrent use.
type routes struct {
	slots [4096]atomic.Pointer[route]
}

type route struct {
	digest digest
	issuer string
}

func (r *routes) slot(d *digest) *atomic.Pointer[route] {
	return &r.slots[(int(d[1])<<8|int(d[2]))%len(r.slots)]
}

// find returns the digest of a token and its issuer, unverified.
func (r *routes) find(c Credential) (d digest, issuer string, _ *Error) {
	d = digestOf(c.Token)
	if known := r.slot(&d).Load(); known != nil && known.digest == d {
		return d, known.issuer, nil
	}
	issuer, refusal := peekIssuer(c.Token)
	return d, issuer, refusal
}

// learn remembers the issuer of a token that was verified.
func (r *routes) learn(d *digest, issuer string) {
	slot := r.slot(d)
	if known := slot.Load(); known == nil || known.digest != *d {
		slot.Store(&route{*d, issuer})
	}
}
