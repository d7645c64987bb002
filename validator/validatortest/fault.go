package validatortest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Fault is a way in which an [Issuer] can be broken.
type Fault string

// The faults. Those with a body but no good one have a stranger's key set in it,
// whose tokens a client that believes them lets in: "keys from a redirect" of
// [Issuer.Hostile].
const (
	Refuse      Fault = "refuse"       // no connection
	Reset       Fault = "reset"        // the connection ends without an answer
	Hang        Fault = "hang"         // no answer
	SlowDrip    Fault = "slow drip"    // one byte of the answer per second
	ServerError Fault = "server error" // status 500
	Garbage     Fault = "garbage"      // not JSON
	Truncated   Fault = "truncated"    // the connection ends within the answer
	EmptySet    Fault = "empty set"    // JSON, but no keys
	HugeBody    Fault = "huge body"    // two MiB of white space, then JSON
	Redirect    Fault = "redirect"     // to another address, with keys
)

// Faults returns every fault.
func Faults() []Fault {
	return []Fault{Refuse, Reset, Hang, SlowDrip, ServerError, Garbage, Truncated, EmptySet, HugeBody, Redirect}
}

// Fail breaks the given endpoints, or all of them, until [Issuer.Recover].
// Requests that have come before are not affected.
//
// A port of the loopback interface cannot refuse connections without being given
// up. There, [Refuse] is what it says for [Issuer.Transport], and [Reset] for
// everybody else.
func (is *Issuer) Fail(fault Fault, at ...Endpoint) { is.setFault(fault, at) }

// Recover mends the given endpoints, or all of them.
func (is *Issuer) Recover(at ...Endpoint) { is.setFault("", at) }

func (is *Issuer) setFault(fault Fault, at []Endpoint) {
	if fault != "" && !slices.Contains(Faults(), fault) {
		panic("validatortest: no fault is called " + string(fault))
	}
	if len(at) == 0 {
		at = []Endpoint{Metadata, KeySet, Tokens, Introspection}
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	for _, endpoint := range at {
		is.faults[endpoint] = fault
	}
}

// refuses reports whether no connection can be made for a path, and counts the
// request if so.
func (is *Issuer) refuses(path string) bool {
	is.mu.Lock()
	defer is.mu.Unlock()
	endpoint := is.endpoints[path]
	if is.faults[endpoint] != Refuse {
		return false
	}
	is.requests[endpoint]++
	return true
}

// misbehave answers as the fault has it.
func (is *Issuer) misbehave(w http.ResponseWriter, r *http.Request, fault Fault) {
	strange := document(is.stranger)
	switch fault {
	case Refuse, Reset:
		reset(w)
	case Hang:
		// net/http notices that a client has gone once the body is read.
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxForm))
		<-r.Context().Done()
	case SlowDrip:
		is.drip(r.Context(), w, strange)
	case ServerError:
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(strange)
	case Garbage:
		_, _ = w.Write([]byte("<html>out of order</html>"))
	case Truncated:
		w.Header().Set("Content-Length", strconv.Itoa(2*len(strange)))
		_, _ = w.Write(strange) // net/http ends the connection, as the rest is missing
	case EmptySet:
		_, _ = w.Write([]byte(`{"keys":[]}`))
	case HugeBody:
		_, _ = w.Write(append(bytes.Repeat([]byte{' '}, hugeBytes), strange...))
	case Redirect:
		w.Header().Set("Location", is.url+elsewherePath)
		w.WriteHeader(http.StatusFound)
		_, _ = w.Write(strange)
	}
}

const hugeBytes = 2 << 20

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close with RST instead of FIN
	}
	_ = conn.Close()
}

func (is *Issuer) drip(ctx context.Context, w http.ResponseWriter, body []byte) {
	for i := range body {
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if !is.wait(ctx, time.Second) {
			return
		}
	}
}

// wait returns after d, or false when ctx is done before.
func (is *Issuer) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	over := make(chan struct{})
	stop := is.clock.AfterFunc(d, func() { close(over) })
	defer stop()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}
