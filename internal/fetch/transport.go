package fetch

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// newTransport returns a transport of our own. http.DefaultTransport would be
// shared with, and changed by, whatever else runs in the process.
func newTransport(publicOnly bool) *http.Transport {
	// What ends an exchange in time is its context. These are for connections that
	// it leaves behind, and later, or they would race with it for the error.
	const later = Timeout + time.Second
	dialer := &net.Dialer{Timeout: later, KeepAlive: 30 * time.Second}
	proxy := http.ProxyFromEnvironment
	if publicOnly {
		dialer.ControlContext = refuseSpecial
		proxy = nil // it would connect for us, to where we do not see
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    later,
		ResponseHeaderTimeout:  later,
		MaxResponseHeaderBytes: MaxHeaderBytes,
		MaxIdleConns:           4,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}
