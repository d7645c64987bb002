package validator

import (
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// The environment variables that [ConfigFromEnv] reads.
const (
	envIssuer       = "OAUTH2_ISSUER"
	envAudience     = "OAUTH2_AUDIENCE"
	envJWKSURL      = "OAUTH2_JWKS_URL"
	envProfile      = "OAUTH2_PROFILE"
	envScopeClaim   = "OAUTH2_SCOPE_CLAIM"
	envInsecureHTTP = "OAUTH2_INSECURE_HTTP"
)

// variableOf tells which variable sets a field of Config.
var variableOf = map[string]string{
	"Issuer":      envIssuer,
	"Audiences":   envAudience,
	"JWKSURL":     envJWKSURL,
	"ScopeClaims": envScopeClaim,
}

// ConfigFromEnv reads a configuration from environment variables, for programs
// that are configured that way. Call it with [os.Getenv]; an empty variable is an
// absent one.
//
//	OAUTH2_ISSUER         required   Config.Issuer, letter by letter
//	OAUTH2_AUDIENCE       required   Config.Audiences, separated by spaces
//	OAUTH2_JWKS_URL                  Config.JWKSURL; without it the keys are discovered
//	OAUTH2_PROFILE                   Config.Profile: "rfc9068" or "jwt"; without it the default, "jwt"
//	OAUTH2_SCOPE_CLAIM               Config.ScopeClaims, separated by spaces
//	OAUTH2_INSECURE_HTTP             "loopback": Config.InsecureLoopbackHTTP
//
// Everything else keeps its zero value, for the caller to fill in. What came from
// the environment has been checked as [New] checks it: the error joins every
// problem, each a [*ConfigError] whose field is the name of a variable. None of
// the variables is a secret, but no error repeats a value.
//
// Nothing here can skip a check: an API whose tokens have no audience is
// configured in code.
func ConfigFromEnv(getenv func(string) string) (Config, error) {
	var problems configerr.List
	config := Config{
		Issuer:      getenv(envIssuer),
		JWKSURL:     getenv(envJWKSURL),
		Audiences:   strings.Fields(getenv(envAudience)),
		ScopeClaims: strings.Fields(getenv(envScopeClaim)),
	}
	switch getenv(envProfile) {
	case "", "jwt":
		config.Profile = ProfileJWT
	case "rfc9068":
		config.Profile = ProfileRFC9068
	default:
		problems.Add(envProfile, `must be "rfc9068", "jwt" or empty`)
	}
	switch getenv(envInsecureHTTP) {
	case "":
	case "loopback":
		config.InsecureLoopbackHTTP = true
	default:
		problems.Add(envInsecureHTTP, `must be "loopback" or empty: plain http is for nothing else`)
	}
	checkTrimmed(&problems, envIssuer, config.Issuer)
	checkTrimmed(&problems, envJWKSURL, config.JWKSURL)
	config.checkByVariable(&problems)
	if err := problems.Err(); err != nil {
		return Config{}, err
	}
	return config, nil
}

// checkTrimmed finds the line break that came along from a file: compared letter
// by letter, such an issuer would refuse every token.
func checkTrimmed(problems *configerr.List, variable, value string) {
	problems.Check(strings.TrimSpace(value) == value, variable, "has white space around it")
}

// checkByVariable adds what New finds, under the names of the variables.
func (c *Config) checkByVariable(problems *configerr.List) {
	v, err := New(*c)
	if err == nil {
		_ = v.Close() // it has not started anything
		return
	}
	for _, problem := range configerr.All(err) {
		field, _, _ := strings.Cut(problem.Field, "[")
		problems.Add(variableOf[field], strings.Replace(problem.Reason, "InsecureLoopbackHTTP", envInsecureHTTP+"=loopback", 1))
	}
}
