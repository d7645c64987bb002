package validator

// A step is a check that [Explain] knows, in words.
type step struct {
	name, source string
	missing      string // what to do about CodeClaimMissing here
}

// The steps, in the order of the pipeline.
var (
	stepScheme        = step{name: "scheme", source: "RFC 6750 §2.1, RFC 9449 §7.1"}
	stepSize          = step{name: "size", source: "a bound before any work"}
	stepIntrospection = step{name: "introspection", source: "RFC 7662 §2.2"}
	stepCompact       = step{name: "compact form", source: "RFC 7515 §7.1, RFC 9068 §4"}
	stepHeader        = step{name: "header", source: "RFC 7515 §4, RFC 8725 §3.1"}
	stepAlgorithm     = step{name: "algorithm", source: "RFC 8725 §3.1"}
	stepClaims        = step{name: "claims", source: "RFC 7519 §4"}
	stepKind          = step{name: "kind", source: "RFC 9068 §4, RFC 8725 §3.11", missing: "Have the authorization server issue tokens in the RFC 9068 form with iss, exp, aud, sub, client_id, iat and jti, or accept plain JWTs (Config.Profile)."}
	stepIssuer        = step{name: "issuer", source: "RFC 7519 §4.1.1, RFC 9068 §4", missing: "Have the authorization server put iss into access tokens."}
	stepAudience      = step{name: "audience", source: "RFC 7519 §4.1.3, RFC 9068 §4", missing: "Have the authorization server put this API into aud: register it there and let the client ask for it (RFC 8707 resource, or audience)."}
	stepClient        = step{name: "client", source: "RFC 9068 §2.2"}
	stepTimes         = step{name: "times", source: "RFC 7519 §4.1.4–§4.1.6", missing: "Have the authorization server put exp into access tokens: one that never expires is not accepted."}
	stepKey           = step{name: "key", source: "RFC 7515 §4.1.4, RFC 8725 §3.1"}
	stepSignature     = step{name: "signature", source: "RFC 7515 §5.2, RFC 9068 §4"}
	stepConfirmation  = step{name: "confirmation", source: "RFC 7800 §3"}
	stepDelegation    = step{name: "delegation", source: "RFC 8693 §4.1"}
	stepRevocation    = step{name: "revocation", source: "RFC 7009 §2.1"}
	stepBinding       = step{name: "binding", source: "RFC 9449 §7.1, RFC 8705 §3"}
	stepOwn           = step{name: "own rules", source: "Config.Check"}
	stepRequirement   = step{name: "requirement", source: "RFC 6750 §3.1, RFC 9470 §3, RFC 9396 §9"}
)

// fix is what can be done about a failure of the step.
func (s step) fix(code Code) string {
	if code == CodeClaimMissing && s.missing != "" {
		return s.missing
	}
	return fixes[code]
}

// fixes says what the developer of a client or the administrator of an API or of an
// authorization server does about each code.
var fixes = [codeEnd]string{
	CodeCredentialsMissing:             "Client: send the token in the Authorization header field with one of the schemes above.",
	CodeMalformedCredentials:           "Client: send one Authorization header field, of the scheme, a space and the token.",
	CodeTokenMalformed:                 "Client: send the access_token of the token response, whole and as it is: not an ID token in JSON, not an encrypted or unsigned token, without quotes or line breaks. If access tokens are opaque, the API needs an introspector (Config.Introspector).",
	CodeTokenTooLarge:                  "Authorization server: put less into access tokens, groups and roles above all.",
	CodeHeaderInvalid:                  "Authorization server: issue signed tokens with a plain header, without crit, compression and encryption.",
	CodeAlgorithmNotAllowed:            "Authorization server: sign with an asymmetric algorithm from the list above, never with HS256 or none; or the API allows this one (Config.Algorithms).",
	CodeClaimInvalid:                   "Authorization server: correct the mapping of claims: exp, nbf and iat are numbers, aud is a string or a list of strings, scopes have the type that Config.ScopeClaims says, no claim appears twice.",
	CodeClaimMissing:                   "Authorization server: add the claim to access tokens.",
	CodeTokenKindNotAllowed:            "Client: send the access token, not the ID token, the refresh token or another JWT.",
	CodeIssuerNotAllowed:               "Compare iss with the issuer above letter by letter, a slash at the end included: either the token comes from another authorization server or realm, or the API is configured with another one (Config.Issuer), or its date has passed (Config.AcceptUntil).",
	CodeAudienceNotAllowed:             "Client: ask for a token for this API (RFC 8707 resource, or audience). If aud is another name of this API, add it to Config.Audiences; never add a client id.",
	CodeClientNotAllowed:               "API: add the client to Config.AllowedClients, if it may call.",
	CodeTokenExpired:                   "Client: get a new token before exp, by expires_in of the token response. If exp should lie ahead, set the clocks.",
	CodeTokenNotYetValid:               "Set the clocks of the authorization server and of the API; up to 10 minutes can be tolerated (Config.Leeway).",
	CodeKeyUnknown:                     "Compare kid and alg with the issuer's published keys. If they are not there, the token comes from another environment or its key was withdrawn: get a new token. If they are, the key does not fit alg, is not for signatures, or the API reads other keys (Config.JWKSURL).",
	CodeSignatureInvalid:               "The token was changed on its way, or it was signed with another key of the same id: get a new one, and compare the environments of client and API.",
	CodeBindingFailed:                  "Client: prove possession of the key in cnf with this request, by a DPoP proof or by the TLS client certificate. API: configure a binding for that member of cnf (Config.Bindings).",
	CodeTokenInactive:                  "Client: get a new token. If it should be active, see that the API asks the authorization server that has issued it, with credentials that may ask.",
	CodeTokenRevoked:                   "Client: get a new token, if it still may.",
	CodeTokenRefused:                   "See the finding: a rule of this API's own has refused the token.",
	CodeInsufficientScope:              "Administrator: grant the client the missing scopes at the authorization server. Client: ask for them, and get a new token.",
	CodeOperationNotAllowed:            "API: give the operation a rule.",
	CodeInsufficientUserAuthentication: "Client: send the user through the authorization endpoint again, with the acr_values or max_age of the challenge (RFC 9470 §4).",
	CodeDPoPProofInvalid:               "Client: make a fresh proof for each request, with its method and URL, the hash of this token and the key that the token is bound to (RFC 9449 §4.2). Behind a proxy, the API must know its public URL.",
	CodeDPoPNonceRequired:              "Client: repeat the request with a proof that has the nonce of the answer's DPoP-Nonce header field (RFC 9449 §9).",
	CodeKeysUnavailable:                "API: see why the issuer's metadata or keys cannot be fetched: name resolution, certificates, proxies, the issuer itself. The token was not judged.",
	CodeDependencyUnavailable:          "API: see why the service that it depends on does not answer. The token was not judged.",
	CodeDeadlineExceeded:               "There was not enough time. The token was not judged.",
	CodeCanceled:                       "The check was given up. The token was not judged.",
	CodeInternal:                       "A part of the API has failed: see its logs. The token was not judged.",
}
