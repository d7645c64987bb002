package validator_test

import (
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

func TestKindOfToken(t *testing.T) {
	v := newValidator(t, nil)
	const other = validator.CodeTokenKindNotAllowed
	testRefusals(t, v, []refusal{
		{"typ at+jwt", mint("ES256", "at+jwt", nil), 0},
		{"typ AT+JWT", mint("ES256", "AT+JWT", nil), 0},
		{"typ application/at+jwt", mint("ES256", "application/at+jwt", nil), 0},
		{"typ Application/AT+jwt", mint("ES256", "Application/AT+jwt", nil), 0},
		{"typ JWT", mint("ES256", "JWT", nil), 0},
		{"no typ", mint("ES256", "", nil), 0},

		{"typ empty", signRaw("ES256", "p256", `{"alg":"ES256","kid":"p256","typ":""}`, goodClaims().json()), other},
		{"typ at+jwt with space", mint("ES256", "at+jwt ", nil), other},
		{"typ id+jwt", mint("ES256", "id+jwt", nil), other},
		{"typ dpop+jwt", mint("ES256", "dpop+jwt", nil), other},
		{"typ logout+jwt", mint("ES256", "logout+jwt", nil), other},
		{"typ secevent+jwt", mint("ES256", "secevent+jwt", nil), other},
		{"typ client-authentication+jwt", mint("ES256", "client-authentication+jwt", nil), other},
		{"typ token-introspection+jwt", mint("ES256", "token-introspection+jwt", nil), other},
		{"typ oauth-authz-req+jwt", mint("ES256", "oauth-authz-req+jwt", nil), other},
		{"typ application/jwt", mint("ES256", "application/jwt", nil), other},
		{"typ JOSE", mint("ES256", "JOSE", nil), other},
		{"typ rt+jwt", mint("ES256", "rt+jwt", nil), other},

		{"token_use access", mint("ES256", "", object{"token_use": "access"}), 0},
		{"token_use id", mint("ES256", "", object{"token_use": "id"}), other},
		{"token_use refresh", mint("ES256", "JWT", object{"token_use": "refresh"}), other},
		{"token_use Access", mint("ES256", "", object{"token_use": "Access"}), other},
		{"typ claim Bearer", mint("ES256", "JWT", object{"typ": "Bearer"}), 0},
		{"typ claim DPoP", mint("ES256", "JWT", object{"typ": "DPoP"}), 0},
		{"typ claim ID", mint("ES256", "JWT", object{"typ": "ID"}), other},
		{"typ claim Refresh", mint("ES256", "JWT", object{"typ": "Refresh"}), other},
		{"typ claim Logout", mint("ES256", "JWT", object{"typ": "Logout"}), other},
		{"typ claim empty", mint("ES256", "JWT", object{"typ": ""}), other},
		{"both, one of another kind", mint("ES256", "JWT", object{"typ": "Bearer", "token_use": "id"}), other},
		{"both, the other of another kind", mint("ES256", "JWT", object{"typ": "ID", "token_use": "access"}), other},
		{"typ claim decides over a marker", mint("ES256", "JWT", object{"typ": "Bearer", "nonce": "n"}), 0},
		{"header decides over a marker", mint("ES256", "at+jwt", object{"nonce": "n", "at_hash": "h"}), 0},

		{"nonce", mint("ES256", "JWT", object{"nonce": "n"}), other},
		{"nonce null", mint("ES256", "JWT", object{"nonce": raw("null")}), other},
		{"at_hash", mint("ES256", "JWT", object{"at_hash": "h"}), other},
		{"c_hash", mint("ES256", "", object{"c_hash": "h"}), other},
		{"s_hash", mint("ES256", "", object{"s_hash": "h"}), other},
		{"events", mint("ES256", "", object{"events": object{}}), other},
		{"token_introspection", mint("ES256", "", object{"token_introspection": object{}}), other},
		{"htm", mint("ES256", "", object{"htm": "GET"}), other},
		{"response_type", mint("ES256", "", object{"response_type": "code"}), other},

		{"token_use number", mint("ES256", "", object{"token_use": 1}), validator.CodeClaimInvalid},
		{"token_use null", mint("ES256", "", object{"token_use": raw("null")}), validator.CodeClaimInvalid},
		{"typ claim array", mint("ES256", "", object{"typ": []string{"Bearer"}}), validator.CodeClaimInvalid},
	})
}

func TestProfileRFC9068(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Profile = validator.ProfileRFC9068 })
	const other, missing = validator.CodeTokenKindNotAllowed, validator.CodeClaimMissing
	testRefusals(t, v, []refusal{
		{"typ at+jwt", mint("ES256", "at+jwt", nil), 0},
		{"typ application/at+jwt", mint("ES256", "application/AT+JWT", nil), 0},
		{"typ JWT", mint("ES256", "JWT", nil), other},
		{"no typ", mint("ES256", "", nil), other},
		{"typ claim does not help", mint("ES256", "JWT", object{"typ": "Bearer"}), other},
		{"no iss", mint("ES256", "at+jwt", object{"iss": nil}), missing},
		{"no exp", mint("ES256", "at+jwt", object{"exp": nil}), missing},
		{"no aud", mint("ES256", "at+jwt", object{"aud": nil}), missing},
		{"no sub", mint("ES256", "at+jwt", object{"sub": nil}), missing},
		{"sub empty", mint("ES256", "at+jwt", object{"sub": ""}), missing},
		{"no client_id", mint("ES256", "at+jwt", object{"client_id": nil}), missing},
		{"azp is not client_id", mint("ES256", "at+jwt", object{"client_id": nil, "azp": "billing"}), missing},
		{"no iat", mint("ES256", "at+jwt", object{"iat": nil}), missing},
		{"no jti", mint("ES256", "at+jwt", object{"jti": nil}), missing},
		{"jti empty", mint("ES256", "at+jwt", object{"jti": ""}), missing},
		{"no scope", mint("ES256", "at+jwt", object{"scope": nil}), 0},
	})

	custom := newValidator(t, func(c *validator.Config) {
		c.Profile, c.ClientIDClaims = validator.ProfileRFC9068, []string{"azp"}
	})
	testRefusals(t, custom, []refusal{
		{"client_id is required whatever names the client", mint("ES256", "at+jwt", object{"client_id": nil, "azp": "billing"}), missing},
		{"client_id of another type", mint("ES256", "at+jwt", object{"client_id": 1, "azp": "billing"}), validator.CodeClaimInvalid},
	})
}
