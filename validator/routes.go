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

// issuerOf returns the issuer of a token, unverified.
func (r *routes) issuerOf(d *digest, token string) (string, *Error) {
	if known := r.slot(d).Load(); known != nil && known.digest == *d {
		return known.issuer, nil
	}
	return peekIssuer(token)
}

// learn remembers the issuer of a token that was verified.
func (r *routes) learn(d *digest, issuer string) {
	slot := r.slot(d)
	if known := slot.Load(); known == nil || known.digest != *d {
		slot.Store(&route{*d, issuer})
	}
}
