package devserver

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// newProofs returns what checks the DPoP proofs of one client. Each has its own,
// because what was used is remembered: a busy client must not lock out the others.
func (s *Server) newProofs() (*dpop.Verifier, error) {
	limit := max(1, s.config.MaxAssertions) // a negative one is reported elsewhere
	used, err := dpop.NewReplayMemory(limit, s.config.Clock)
	if err != nil {
		return nil, err
	}
	return dpop.New(dpop.Config{Replay: used, Nonces: s.nonces, Clock: s.config.Clock})
}

// newNonces returns the source of nonces, nil if there are none (RFC 9449 §8).
func newNonces(c Config) (*dpop.Nonces, error) {
	if !c.DPoPNonces {
		return nil, nil
	}
	return dpop.NewNonces(dpop.NonceConfig{Clock: c.Clock})
}

// proofKey verifies the DPoP proof of a token request (RFC 9449 §4.3, §5) and
// returns the thumbprint of its key, empty if there is no proof.
func (s *Server) proofKey(w http.ResponseWriter, r *http.Request, by *client) (jkt string, problem *refusal) {
	if len(r.Header.Values("DPoP")) == 0 {
		return "", nil
	}
	var reply validator.Reply
	jkt, err := by.proofs.Proof(r.Context(), tokenRequestInfo{r, s.endpoints.token}, &reply)
	if reply.DPoPNonce != "" { // RFC 9449 §8, and §8.2 for the next one
		w.Header().Set("DPoP-Nonce", reply.DPoPNonce)
	}
	if err == nil {
		return jkt, nil
	}
	refused, ok := errors.AsType[*validator.Error](err)
	if !ok {
		return "", refuse(internal, "the DPoP proof was not judged")
	}
	switch refused.Code() {
	case validator.CodeDPoPProofInvalid:
		return "", refuse(invalidDPoPProof, proofReason(refused))
	case validator.CodeDPoPNonceRequired:
		return "", refuse(useDPoPNonce, "the DPoP proof has no recent nonce")
	}
	return "", &refusal{code: unavailable, reason: "the DPoP proof cannot be judged now", retryAfter: refused.RetryAfter()}
}

// proofReason returns why a proof is refused, in constant words.
func proofReason(refused *validator.Error) string {
	if cause := refused.Unwrap(); cause != nil {
		return cause.Error()
	}
	return "the DPoP proof is not good"
}

// tokenRequestInfo is a token request as a proof has to be made for it. The URL is
// the one that the metadata publish, whatever the request came through.
type tokenRequestInfo struct {
	request  *http.Request
	endpoint string
}

var _ validator.RequestInfo = tokenRequestInfo{}

func (i tokenRequestInfo) Method() string                     { return i.request.Method }
func (i tokenRequestInfo) Header(name string) []string        { return i.request.Header.Values(name) }
func (i tokenRequestInfo) RemoteAddr() string                 { return i.request.RemoteAddr }
func (i tokenRequestInfo) PeerCertificate() *x509.Certificate { return peerCertificate(i.request) }

func (i tokenRequestInfo) URL() *url.URL {
	endpoint, err := url.Parse(i.endpoint)
	if err != nil {
		return nil
	}
	return endpoint
}
