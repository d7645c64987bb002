package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

const (
	envSecret     = "OAUTH2_CLIENT_SECRET"
	envSecretFile = "OAUTH2_CLIENT_SECRET_FILE"
	envKeyFile    = "OAUTH2_CLIENT_KEY_FILE"
	envCalls      = "ORDERS_CALLS"
	envInterval   = "ORDERS_INTERVAL"
	envRounds     = "ORDERS_ROUNDS"
)

// variableOf tells which variable sets a field of tokens.Config; that of
// Credential depends.
var variableOf = map[string]string{
	"Issuer":   "OAUTH2_ISSUER",
	"TokenURL": "OAUTH2_TOKEN_URL",
	"ClientID": "OAUTH2_CLIENT_ID",
	"Scopes":   "OAUTH2_SCOPE",
	"Resource": "OAUTH2_RESOURCE",
}

// settings is what the environment says.
type settings struct {
	tokens    *tokens.Source
	addresses ordersclient.Addresses
	calls     []operation
	interval  time.Duration
	rounds    int // 0: until told to stop
}

// fromEnv reads the environment. The error joins every problem, each naming its
// variable and none its value.
func fromEnv(getenv func(string) string) (settings, error) {
	var problems configerr.List
	var s settings
	s.addresses = ordersclient.AddressesFromEnv(getenv, &problems)
	s.readCalls(getenv, &problems)
	s.readRounds(getenv, &problems)
	source, err := readTokens(getenv, s.calls, &problems)
	s.tokens = source
	return s, errors.Join(err, problems.Err())
}

func (s *settings) readCalls(getenv func(string) string, problems *configerr.List) {
	for _, name := range strings.Fields(cmp.Or(getenv(envCalls), "list")) {
		i := slices.IndexFunc(operations, func(o operation) bool { return o.name == name })
		if i < 0 {
			problems.Add(envCalls, "must be of list, create, delete and whoami")
			return
		}
		if name == "delete" && !slices.ContainsFunc(s.calls, func(o operation) bool { return o.name == "create" }) {
			problems.Add(envCalls, "must have create before delete")
		}
		s.calls = append(s.calls, operations[i])
	}
}

func (s *settings) readRounds(getenv func(string) string, problems *configerr.List) {
	var err error
	s.interval, err = time.ParseDuration(cmp.Or(getenv(envInterval), "5s"))
	problems.Check(err == nil && s.interval >= time.Millisecond, envInterval, "must be a duration such as 5s, of at least 1ms")
	s.rounds, err = strconv.Atoi(cmp.Or(getenv(envRounds), "0"))
	problems.Check(err == nil && s.rounds >= 0, envRounds, "must be a number that is not negative")
}

// readTokens makes the source of tokens for these calls.
func readTokens(getenv func(string) string, calls []operation, problems *configerr.List) (*tokens.Source, error) {
	credential, variable := readCredential(getenv, problems)
	scopes := strings.Fields(getenv("OAUTH2_SCOPE"))
	if len(scopes) == 0 {
		scopes = needed(calls)
	}
	source, err := tokens.New(context.Background(), tokens.Config{
		Issuer:     getenv("OAUTH2_ISSUER"),
		TokenURL:   getenv("OAUTH2_TOKEN_URL"),
		ClientID:   getenv("OAUTH2_CLIENT_ID"),
		Credential: credential,
		Scopes:     scopes,
		Resource:   getenv("OAUTH2_RESOURCE"),
	})
	var named []error
	for _, problem := range configerr.All(err) {
		switch {
		case problem.Field != "Credential":
			named = append(named, fmt.Errorf("%s: %s", variableOf[problem.Field], problem.Reason))
		case credential != nil: // otherwise it was said before
			named = append(named, fmt.Errorf("%s: %s", variable, problem.Reason))
		}
	}
	return source, errors.Join(named...)
}

// readCredential returns what the client proves its identity with, and the
// variable that says so.
func readCredential(getenv func(string) string, problems *configerr.List) (found tokens.Credential, variable string) {
	for name, credential := range map[string]func(string) tokens.Credential{
		envSecret: tokens.Secret, envSecretFile: tokens.SecretFile, envKeyFile: tokens.KeyFile,
	} {
		if value := getenv(name); value != "" && found != nil {
			problems.Add(envSecret, "must be the only one of "+envSecret+", "+envSecretFile+" and "+envKeyFile)
			return nil, ""
		} else if value != "" {
			found, variable = credential(value), name
		}
	}
	problems.Check(found != nil, envSecret, "required, if there is neither "+envSecretFile+" nor "+envKeyFile)
	return found, variable
}
