package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// variables tells which environment variable sets a field of devserver.Config.
var variables = map[string]string{
	"Addr":           "ADDR",
	"Issuer":         "AUTHSERVER_ISSUER",
	"Clients":        "AUTHSERVER_CLIENTS",
	"Algorithm":      "AUTHSERVER_ALG",
	"Profile":        "AUTHSERVER_PROFILE",
	"TokenLifetime":  "AUTHSERVER_TOKEN_LIFETIME",
	"Users":          "AUTHSERVER_USERS",
	"ControlToken":   "AUTHSERVER_CONTROL_TOKEN",
	"TLSCertificate": "AUTHSERVER_TLS_CERT and AUTHSERVER_TLS_KEY",
	"ClientCAs":      "AUTHSERVER_CLIENT_CAS",
	"DPoPNonces":     "AUTHSERVER_DPOP_NONCES",
	"ACRValues":      "AUTHSERVER_ACR_VALUES",
}

// configure makes the server that the environment describes, together with the
// demo clients if it has any. All problems are returned joined, each naming its
// variable.
func configure(getenv func(string) string, logger *slog.Logger) (*devserver.Server, []devserver.Client, error) {
	config := devserver.Config{
		Addr:         cmp.Or(getenv("ADDR"), "127.0.0.1:9000"),
		Issuer:       getenv("AUTHSERVER_ISSUER"),
		Algorithm:    getenv("AUTHSERVER_ALG"),
		Profile:      devserver.Profile(getenv("AUTHSERVER_PROFILE")),
		ControlToken: getenv("AUTHSERVER_CONTROL_TOKEN"),
		Logger:       logger,
	}
	if users := getenv("AUTHSERVER_USERS"); users != "" {
		config.Users = strings.Split(users, ",")
	}
	config.ACRValues = strings.Fields(getenv("AUTHSERVER_ACR_VALUES"))
	var lifetimeErr, tlsErr, casErr, noncesErr, clientsErr error
	config.TokenLifetime, lifetimeErr = readLifetime(getenv("AUTHSERVER_TOKEN_LIFETIME"))
	config.TLSCertificate, tlsErr = readCertificate(getenv("AUTHSERVER_TLS_CERT"), getenv("AUTHSERVER_TLS_KEY"))
	config.ClientCAs, casErr = readAuthorities(getenv("AUTHSERVER_CLIENT_CAS"))
	config.DPoPNonces, noncesErr = readSwitch("DPoPNonces", getenv("AUTHSERVER_DPOP_NONCES"))
	var demo []devserver.Client
	if path := getenv("AUTHSERVER_CLIENTS"); path != "" {
		config.Clients, clientsErr = readClients(path)
	} else {
		demo = demoClients()
		config.Clients = demo
	}
	// Even with a file that cannot be read New is asked, for the problems of the
	// rest.
	unread := errors.Join(lifetimeErr, tlsErr, casErr, noncesErr, clientsErr)
	server, err := devserver.New(config)
	if server != nil && unread != nil {
		server.Close()
	}
	if err := errors.Join(unread, err); err != nil {
		return nil, nil, errors.Join(byVariable(err)...)
	}
	return server, demo, nil
}

// readLifetime reads a duration such as 90s; none is zero.
func readLifetime(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	lifetime, err := time.ParseDuration(text)
	if err != nil || lifetime == 0 { // zero would be the default
		return 0, &configerr.Error{Field: "TokenLifetime", Reason: "must be a duration such as 90s, and not zero"}
	}
	return lifetime, nil
}

// readCertificate reads a certificate chain and its key from PEM files; without
// both there is none.
func readCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	if certFile == "" && keyFile == "" {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, &configerr.Error{Field: "TLSCertificate", Reason: err.Error()}
	}
	return &certificate, nil
}

// readAuthorities reads the certificates of authorities from a PEM file; without a
// path there are none.
func readAuthorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &configerr.Error{Field: "ClientCAs", Reason: err.Error()}
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(data) {
		return nil, &configerr.Error{Field: "ClientCAs", Reason: "has no certificate in PEM"}
	}
	return authorities, nil
}

// readSwitch reads true or false; none is false.
func readSwitch(field, text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, &configerr.Error{Field: field, Reason: "must be true or false"}
}

func readClients(path string) ([]devserver.Client, error) {
	data, err := os.ReadFile(path)
	if err == nil {
		var clients []devserver.Client
		if clients, err = devserver.ParseClients(data); err == nil {
			return clients, nil
		}
	}
	var problem *configerr.Error
	if errors.As(err, &problem) { // they name their fields already
		return nil, err
	}
	return nil, &configerr.Error{Field: "Clients", Reason: err.Error()}
}

// demoClients may be used until a clients file says otherwise: two services and a
// program that signs in a user. Their secrets are new at every start, so that
// none is ever worth keeping.
func demoClients() []devserver.Client {
	const audience = "https://orders.example.com"
	reader := devserver.Client{
		ID:            "demo-reader",
		Secret:        devserver.NewSecret(),
		Scopes:        []string{"orders:read"},
		DefaultScopes: []string{"orders:read"},
		Audiences:     []string{audience},
	}
	admin := devserver.Client{
		ID:            "demo-admin",
		Secret:        devserver.NewSecret(),
		Scopes:        []string{"orders:read", "orders:write", "orders:admin"},
		DefaultScopes: []string{"orders:read", "orders:write", "orders:admin"},
		Audiences:     []string{audience},
	}
	login := devserver.Client{
		ID:            "demo-login",
		Public:        true,
		RedirectURIs:  []string{"http://127.0.0.1/callback", "http://[::1]/callback"},
		Scopes:        []string{"orders:read", "orders:write"},
		DefaultScopes: []string{"orders:read"},
		Audiences:     []string{audience},
	}
	return []devserver.Client{reader, admin, login}
}

// byVariable takes joined problems apart and names each by the environment
// variable instead of the field.
func byVariable(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, byVariable(one)...)
		}
		return all
	}
	var problem *configerr.Error
	if !errors.As(err, &problem) {
		return []error{err}
	}
	for field, variable := range variables {
		if rest, ok := strings.CutPrefix(problem.Field, field); ok {
			if rest != "" {
				variable += " (" + problem.Field + ")"
			}
			return []error{fmt.Errorf("%s: %s", variable, problem.Reason)}
		}
	}
	return []error{err}
}
