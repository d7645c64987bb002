package mtls_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/mtls"
)

// Behind nginx, which ends TLS and tells of the client's certificate:
//
//	ssl_verify_client optional_no_ca;
//	proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
//
// The Verifier goes into validator.Config.Bindings, which then asks it about every
// token.
func Example() {
	binding, err := mtls.New(mtls.Config{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Header:         mtls.Nginx("X-SSL-Client-Cert"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// What a token has in cnf, as "x5t#S256": the digest of what is in the field.
	const thumbprint = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
	for _, peer := range []string{"10.1.2.3:40000", "203.0.113.9:40000"} {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-SSL-Client-Cert", "-----BEGIN%20CERTIFICATE-----%0AaGVsbG8%3D%0A-----END%20CERTIFICATE-----%0A")

		err := binding.Verify(context.Background(), validator.Credential{Info: httpmw.Extract(r, scopes.Rule{}).Info}, thumbprint)
		fmt.Println(peer, err)
	}
	// Output:
	// 10.1.2.3:40000 <nil>
	// 203.0.113.9:40000 BINDING_FAILED: The access token is bound to a key that the request did not prove.
}

// New reports everything that is wrong with a configuration, by field.
func ExampleNew_problems() {
	_, err := mtls.New(mtls.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}})
	fmt.Println(err)
	// Output:
	// TrustedProxies[0]: every address, or none: anybody could pass for a proxy
	// Header: required with TrustedProxies: ClientCert, XFCC or Nginx
}
