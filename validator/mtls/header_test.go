package mtls_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/mtls"
)

// The value of RFC 9440, Appendix A ("Header Field in HTTP Request to Origin
// Server"), its lines joined.
const rfc9440 = ":" +
	"MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJ" +
	"MZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0" +
	"yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZ" +
	"Izj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be" +
	"5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgN" +
	"VHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0" +
	"lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCq" +
	"GSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/k" +
	"HSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=" + ":"

func rfc9440DER(t testing.TB) []byte {
	t.Helper()
	der, err := base64.StdEncoding.Strict().DecodeString(strings.Trim(rfc9440, ":"))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func rfc9440Thumbprint(t testing.TB) string { return thumbprintOf(rfc9440DER(t)) }

// The first example of Envoy's documentation ("x-forwarded-client-cert"), and
// its digest.
const (
	envoyHash = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688"
	envoy     = `By=http://frontend.lyft.com;Hash=` + envoyHash +
		`;Subject="/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client";URI=http://testclient.lyft.com`
)

func envoyThumbprint(t testing.TB) string {
	t.Helper()
	digest, err := hex.DecodeString(envoyHash)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(digest)
}

// nginxEscape does what nginx does for $ssl_client_escaped_cert: everything but
// the unreserved characters of RFC 3986 §2.3 is percent-encoded.
func nginxEscape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func asPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// from is a request that comes from an address, with one header field, perhaps
// repeated.
func from(addr, name string, values ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://api.example.com/", nil)
	r.RemoteAddr = addr
	for _, value := range values {
		r.Header.Add(name, value)
	}
	return r
}

func TestClientCert(t *testing.T) {
	v := mustNew(t, mtls.Config{TrustedProxies: prefixes("192.0.2.1/32"), Header: mtls.ClientCert()})
	inner := strings.Trim(rfc9440, ":")
	tests := []struct {
		name, value, want string
	}{
		{"RFC 9440, Appendix A", rfc9440, ""},
		{"without padding", ":" + strings.TrimRight(inner, "=") + ":", ""},
		{"another certificate", ":AAAA:", mismatch},
		{"empty", "", noCertificate},
		{"one colon", ":", malformed},
		{"no bytes", "::", malformed},
		{"no colons", inner, malformed},
		{"no colon at the end", ":" + inner, malformed},
		{"no colon at the beginning", inner + ":", malformed},
		{"base64url", ":" + strings.NewReplacer("+", "-", "/", "_").Replace(inner) + ":", malformed},
		{"parameter", rfc9440 + ";a=1", malformed},
		{"list", rfc9440 + ", " + rfc9440, malformed},
		{"list without space", rfc9440 + "," + rfc9440, malformed},
		{"space inside", ":" + inner[:4] + " " + inner[4:] + ":", malformed},
		{"line breaks inside", ":" + inner[:4] + "\r\n\r\n" + inner[4:] + ":", malformed},
		{"padding in the middle", ":AA==AAAA:", malformed},
		{"too long", ":" + strings.Repeat("A", 32<<10) + ":", malformed},
		{"as long as may be", ":" + strings.Repeat("A", 32<<10-4) + ":", mismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := causeOf(t, verify(v, from("192.0.2.1:443", "Client-Cert", tt.value), rfc9440Thumbprint(t)))
			if got != tt.want {
				t.Errorf("refused because of %q, want %q", got, tt.want)
			}
		})
	}
}

func TestXFCC(t *testing.T) {
	v := mustNew(t, mtls.Config{TrustedProxies: prefixes("192.0.2.1/32"), Header: mtls.XFCC()})
	der := rfc9440DER(t)
	cert := `Cert="` + nginxEscape(asPEM(der)) + `"`
	digest, _ := base64.RawURLEncoding.DecodeString(thumbprintOf(der))
	hash := "Hash=" + hex.EncodeToString(digest)
	other := "Hash=" + strings.Repeat("0", 64)
	tests := []struct {
		name, value string
		thumbprint  string
		want        string
	}{
		{"Envoy's first example", envoy, envoyThumbprint(t), ""},
		{"Envoy's third example", envoy + ";DNS=lyft.com;DNS=www.lyft.com", envoyThumbprint(t), ""},
		// The second has two elements: that of the client and that of a proxy
		// between the client and the nearest proxy.
		{"Envoy's second example", "By=http://frontend.lyft.com;Hash=" + envoyHash + ";URI=http://testclient.lyft.com," +
			"By=http://backend.lyft.com;Hash=9ba61d6425303443c0748a02dd8de688468ed33be74eee6556d90c0149c1309e;URI=http://frontend.lyft.com",
			envoyThumbprint(t), malformed},
		{"hash", hash, "", ""},
		{"hash in capitals", strings.ToUpper(hash[:5]) + strings.ToUpper(hash[5:]), "", ""},
		{"hash in quotes", `Hash="` + hash[5:] + `"`, "", ""},
		{"certificate", cert, "", ""},
		{"certificate without quotes", strings.ReplaceAll(cert, `"`, ""), "", ""},
		{"both", hash + ";" + cert + `;Chain="` + nginxEscape(asPEM(der)) + `"`, "", ""},
		{"both, the other way round", cert + ";" + hash, "", ""},
		{"empty By", "By=;" + hash, "", ""},
		{"URI with an equals sign", hash + ";URI=urn:x=y", "", ""},
		{"quoted separators", hash + `;Subject="CN=a\",Hash=b;c"`, "", ""},
		{"escaped backslash at the end of a quoted value", `Subject="CN=a\\";` + hash, "", ""},
		{"another hash", other, "", mismatch},
		{"neither", "By=http://frontend.lyft.com", "", malformed},
		{"empty", "", "", noCertificate},
		{"they disagree", other + ";" + cert, "", malformed},
		{"certificate that is none", `Cert="x"`, "", malformed},
		{"hash and certificate that is none", hash + `;Cert="x"`, "", malformed},
		{"certificate and hash that is none", cert + ";Hash=x", "", malformed},
		{"second hash", hash + ";URI=x;" + other, "", malformed},
		{"second hash, the same", hash + ";" + hash, "", malformed},
		{"second hash in other letters", hash + ";HASH=" + other[5:], "", malformed},
		{"second certificate", cert + ";" + cert, "", malformed},
		{"element of the client's making in its URI", other + ";URI=http://x,By=y;" + hash, "", malformed},
		{"element without space", other + "," + hash, "", malformed},
		{"element after a quoted value", other + `;Subject="",` + hash, "", malformed},
		{"element in front", envoy + "," + hash, "", malformed},
		{"empty hash", "Hash=", "", malformed},
		{"empty hash, then another", "Hash=;" + hash, "", malformed},
		{"short hash", hash[:len(hash)-2], "", malformed},
		{"long hash", hash + "00", "", malformed},
		{"hash that is not hexadecimal", hash[:len(hash)-1] + "g", "", malformed},
		{"no key", "=x;" + hash, "", malformed},
		{"no equals sign", "By;" + hash, "", malformed},
		{"space before a key", "By=x; " + hash, "", malformed},
		{"semicolon at the end", hash + ";", "", malformed},
		{"semicolon at the beginning", ";" + hash, "", malformed},
		{"two semicolons", "By=x;;" + hash, "", malformed},
		{"open quotes", hash + `;Subject="CN=a`, "", malformed},
		{"quotes closed by an escaped one", hash + `;Subject="CN=a\"`, "", malformed},
		{"quote within a bare value", hash + `;URI=a"b`, "", malformed},
		{"only element after a quoted value", `Subject="",` + hash, "", malformed},
		{"something after quotes", hash + `;Subject="a"b`, "", malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			thumbprint := tt.thumbprint
			if thumbprint == "" {
				thumbprint = thumbprintOf(der)
			}
			got := causeOf(t, verify(v, from("192.0.2.1:443", "x-forwarded-client-cert", tt.value), thumbprint))
			if got != tt.want {
				t.Errorf("refused because of %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNginx(t *testing.T) {
	v := mustNew(t, mtls.Config{TrustedProxies: prefixes("192.0.2.1/32"), Header: mtls.Nginx("x-ssl-client-cert")})
	der := rfc9440DER(t)
	text := asPEM(der)
	tests := []struct {
		name, value, want string
	}{
		{"as nginx escapes it", nginxEscape(text), ""},
		{"in lower-case hexadecimal", strings.NewReplacer("%2B", "%2b", "%2F", "%2f", "%0A", "%0a").Replace(nginxEscape(text)), ""},
		{"as AWS escapes it: all but + = /", strings.NewReplacer("%2B", "+", "%3D", "=", "%2F", "/").Replace(nginxEscape(text)), ""},
		{"with the line breaks of Windows", nginxEscape(strings.ReplaceAll(text, "\n", "\r\n")), ""},
		{"without a line break at the end", nginxEscape(strings.TrimSpace(text)), ""},
		{"another certificate", nginxEscape(asPEM([]byte("other"))), mismatch},
		{"empty", "", noCertificate},
		{"not escaped rightly", nginxEscape(text) + "%0", malformed},
		{"two certificates", nginxEscape(text + text), malformed},
		{"a broken one, then another", nginxEscape(strings.Replace(text, "MIIB", "!!!!", 1) + text), malformed},
		{"something before it", nginxEscape("x\n" + text), malformed},
		{"something after it", nginxEscape(text + "x"), malformed},
		{"headers inside", nginxEscape(strings.Replace(text, "-----\n", "-----\nA: b\n\n", 1)), malformed},
		{"another type", nginxEscape(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))), malformed},
		{"nothing inside", nginxEscape(asPEM(nil)), malformed},
		{"no end", nginxEscape(strings.Split(text, "-----END")[0]), malformed},
		{"Client-Cert", rfc9440, malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := causeOf(t, verify(v, from("192.0.2.1:443", "X-SSL-Client-Cert", tt.value), thumbprintOf(der)))
			if got != tt.want {
				t.Errorf("refused because of %q, want %q", got, tt.want)
			}
		})
	}
}

// Who sends the field decides whether it is read.
func TestProxies(t *testing.T) {
	tests := []struct {
		name, addr, want string
	}{
		{"IPv4", "192.0.2.9:443", ""},
		{"IPv4 inside of IPv6", "[::ffff:192.0.2.9]:443", ""},
		{"IPv6", "[2001:db8::1]:443", ""},
		{"IPv6 with a zone", "[fe80::1%eth0]:443", ""},
		{"prefix in the form of IPv6", "203.0.113.7:443", ""},
		{"prefix that names a host", "10.9.8.7:443", ""},
		{"another IPv4 address", "198.51.100.9:443", noCertificate},
		{"another IPv6 address", "[2001:db9::1]:443", noCertificate},
		{"IPv4 inside of another IPv6 prefix", "[64:ff9b::192.0.2.9]:443", noCertificate},
		{"unknown", "", noCertificate},
		{"a Unix socket", "@", noCertificate},
		{"without a port", "192.0.2.9", noCertificate},
		{"a name", "localhost:443", noCertificate},
		{"bufconn", "bufconn", noCertificate},
	}
	v := mustNew(t, mtls.Config{
		TrustedProxies: append(prefixes("192.0.2.0/24", "2001:db8::/32", "fe80::/10", "10.1.2.3/8"),
			prefixFrom("::ffff:203.0.113.0", 96+24)),
		Header: mtls.ClientCert(),
	})
	every := mustNew(t, mtls.Config{DangerouslyTrustEveryPeer: true, Header: mtls.ClientCert()})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := from(tt.addr, "Client-Cert", rfc9440)
			if got := causeOf(t, verify(v, r, rfc9440Thumbprint(t))); got != tt.want {
				t.Errorf("refused because of %q, want %q", got, tt.want)
			}
			if got := causeOf(t, verify(every, r, rfc9440Thumbprint(t))); got != "" {
				t.Errorf("with trust in every peer: refused because of %q", got)
			}
		})
	}
}

func TestRepeatedField(t *testing.T) {
	for _, values := range [][]string{{rfc9440, rfc9440}, {"", rfc9440}, {rfc9440, ":AAAA:"}} {
		v := mustNew(t, mtls.Config{TrustedProxies: prefixes("192.0.2.1/32"), Header: mtls.ClientCert()})
		if got := causeOf(t, verify(v, from("192.0.2.1:443", "Client-Cert", values...), rfc9440Thumbprint(t))); got != repeated {
			t.Errorf("refused because of %q, want %q", got, repeated)
		}
	}
}

// Over real connections: a proxy's own certificate is not its client's, and what
// anybody else writes into the field does not count.
func TestWhoseCertificate(t *testing.T) {
	mine, proxy := selfSigned(t, "mine"), selfSigned(t, "proxy")
	field := func(h http.Header) {
		h.Set("Client-Cert", ":"+base64.StdEncoding.EncodeToString(mine.Certificate[0])+":")
	}
	behind := mustNew(t, mtls.Config{TrustedProxies: prefixes("127.0.0.0/8", "::1/128"), Header: mtls.ClientCert()})
	direct := mustNew(t, mtls.Config{})
	elsewhere := mustNew(t, mtls.Config{TrustedProxies: prefixes("192.0.2.0/24"), Header: mtls.ClientCert()})
	ofMine, ofProxy := mtls.Thumbprint(mine.Leaf), mtls.Thumbprint(proxy.Leaf)
	tests := []struct {
		name        string
		v           *mtls.Verifier
		thumbprint  string
		certificate *tls.Certificate
		edit        func(http.Header)
		want        string
	}{
		{"the proxy tells of the client", behind, ofMine, &proxy, field, ""},
		{"a token of the proxy, with a client's certificate", behind, ofProxy, &proxy, field, mismatch},
		{"the proxy tells of nothing", behind, ofProxy, &proxy, nil, noCertificate},
		{"anybody tells of somebody's certificate", direct, ofMine, nil, field, noCertificate},
		{"anybody with another certificate", direct, ofMine, &proxy, field, mismatch},
		{"anybody, where there is a proxy elsewhere", elsewhere, ofMine, nil, field, noCertificate},
		{"directly, where there is a proxy elsewhere", elsewhere, ofMine, &mine, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := overTLS(t, tt.v, tt.thumbprint, tt.certificate, tt.edit); got != tt.want {
				t.Errorf("refused because of %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzHeader looks for panics, and for a way to be taken for the certificate of a
// token by a value that does not have it.
func FuzzHeader(f *testing.F) {
	der := rfc9440DER(f)
	thumbprint := thumbprintOf(der)
	for _, seed := range []string{
		rfc9440, envoy, nginxEscape(asPEM(der)), `Cert="` + nginxEscape(asPEM(der)) + `"`,
		`Hash=` + envoyHash + `;Subject="\""`, "::", `By=,Hash="`, "%", "-----BEGIN CERTIFICATE-----",
	} {
		f.Add(seed)
	}
	var verifiers []*mtls.Verifier
	for _, header := range []mtls.Header{mtls.ClientCert(), mtls.XFCC(), mtls.Nginx("X")} {
		verifiers = append(verifiers, mustNew(f, mtls.Config{DangerouslyTrustEveryPeer: true, Header: header}))
	}
	digest, _ := base64.RawURLEncoding.DecodeString(thumbprint)
	inBase64 := strings.TrimRight(strings.Trim(rfc9440, ":"), "=")
	inBase64 = inBase64[:len(inBase64)-1] // the bits of the last character are not all used
	f.Fuzz(func(t *testing.T, value string) {
		for _, v := range verifiers {
			info := forwardedInfo{values: []string{value}}
			err := v.Verify(context.Background(), validator.Credential{Info: info}, thumbprint)
			if err != nil {
				_ = causeOf(t, err)
				continue
			}
			unescaped, _ := url.PathUnescape(value)
			squeezed := strings.NewReplacer("\n", "", "\r", "", "\t", "", " ", "").Replace(unescaped)
			hasHash := strings.Contains(strings.ToLower(value), hex.EncodeToString(digest))
			if !hasHash && !strings.Contains(squeezed, inBase64) {
				t.Errorf("%q is taken for a certificate that it does not have", value)
			}
		}
	})
}

// forwardedInfo is the request of a proxy with header fields of one value.
type forwardedInfo struct {
	validator.RequestInfo
	values []string
}

func (forwardedInfo) RemoteAddr() string       { return "192.0.2.1:443" }
func (i forwardedInfo) Header(string) []string { return i.values }
