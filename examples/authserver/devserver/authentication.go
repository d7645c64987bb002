package devserver

import (
	"slices"
	"strconv"
	"strings"
)

// unmetRequirements is the code for an authentication that cannot be had (OpenID
// Connect Core Unmet Authentication Requirements 1.0, RFC 9470 §5).
const unmetRequirements = "unmet_authentication_requirements"

// authenticationFor reads how the user has to be authenticated (RFC 9470 §4) and
// returns the "acr" of the tokens, empty if none was asked for. The values stand in
// the order of the client's preference; nobody is authenticated really, so the
// first one that the server is configured to have is granted.
func (s *Server) authenticationFor(f form) (acr string, problem *refusal) {
	// The user is asked for every authorization, so that auth_time is always now
	// and no max_age is exceeded.
	if maxAge := f.get("max_age"); maxAge != "" {
		if _, err := strconv.ParseUint(maxAge, 10, 31); err != nil {
			return "", refuse(invalidRequest, "max_age is no number of seconds")
		}
	}
	asked := strings.Fields(f.get("acr_values"))
	if len(asked) == 0 {
		return "", nil
	}
	known := func(value string) bool { return slices.Contains(s.config.ACRValues, value) }
	if i := slices.IndexFunc(asked, known); i >= 0 {
		return asked[i], nil
	}
	return "", refuse(unmetRequirements, "none of the acr_values can be had")
}
