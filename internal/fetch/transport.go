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
	dialer := &net.Dialer{Timeout: Timeout, KeepAlive: 30 * time.Second}
	proxy := http.ProxyFromEnvironment
	if publicOnly {
		dialer.ControlContext = refuseSpecial
		proxy = nil // it would connect for us, to where we do not see
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    Timeout,
		ResponseHeaderTimeout:  Timeout,
		MaxResponseHeaderBytes: MaxHeaderBytes,
		MaxIdleConns:           4,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
}
