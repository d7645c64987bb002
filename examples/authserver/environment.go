package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// variables tells which environment variable sets a field of devserver.Config.
var variables = map[string]string{
	"Addr":      "ADDR",
	"Issuer":    "AUTHSERVER_ISSUER",
	"Clients":   "AUTHSERVER_CLIENTS",
	"Algorithm": "AUTHSERVER_ALG",
}

// configure makes the server that the environment describes, together with the
// demo clients if it has any. All problems are returned joined, each naming its
// variable.
func configure(getenv func(string) string, logger *slog.Logger) (*devserver.Server, []devserver.Client, error) {
	config := devserver.Config{
		Addr:      cmp.Or(getenv("ADDR"), "127.0.0.1:9000"),
		Issuer:    getenv("AUTHSERVER_ISSUER"),
		Algorithm: getenv("AUTHSERVER_ALG"),
		Logger:    logger,
	}
	var demo []devserver.Client
	var clientsErr error
	if path := getenv("AUTHSERVER_CLIENTS"); path != "" {
		config.Clients, clientsErr = readClients(path)
	} else {
		demo = demoClients()
		config.Clients = demo
	}
	// Even with a bad clients file New is asked, for the problems of the rest.
	server, err := devserver.New(config)
	if server != nil && clientsErr != nil {
		server.Close()
	}
	if err := errors.Join(clientsErr, err); err != nil {
		return nil, nil, errors.Join(byVariable(err)...)
	}
	return server, demo, nil
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

// demoClients may be used until a clients file says otherwise. Their secrets are
// new at every start, so that none is ever worth keeping.
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
	return []devserver.Client{reader, admin}
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
