package fetch

import "testing"

// Whoever does not answer is told by [ErrTimeout], in whichever step of the exchange it
// happens: no other limit is there to be reached at the same moment.
func TestNoOtherTimeout(t *testing.T) {
	for _, publicOnly := range []bool{false, true} {
		transport := newTransport(publicOnly)
		if transport.TLSHandshakeTimeout <= Timeout || transport.ResponseHeaderTimeout <= Timeout {
			t.Errorf("TLS handshake %v, response header %v, altogether %v", transport.TLSHandshakeTimeout, transport.ResponseHeaderTimeout, Timeout)
		}
	}
}
