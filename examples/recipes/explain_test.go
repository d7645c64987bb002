package recipes_test

import (
	"errors"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// Every shape is explained as what it is answered with, and what is wrong with it
// by the check that finds it.
func TestExplanations(t *testing.T) {
	for folder, recipe := range recipes {
		config, shapes := recipe(), shapesOf(folder)
		config.JWKSURL, config.Keys, config.Clock = "", published(shapes), recorded
		v, err := validator.New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = v.Close() }()
		for _, s := range shapes {
			credential := validator.Credential{Scheme: "Bearer", Token: s.sign()}
			var want validator.Code
			_, err := v.Validate(t.Context(), credential)
			if refusal, ok := errors.AsType[*validator.Error](err); ok {
				want = refusal.Code()
			}
			if e := validator.Explain(t.Context(), v, credential, scopes.Authenticated()); e.Code != want || len(e.Checks) < 15 {
				t.Errorf("%s/%s: %v\n%v", folder, s.Name, err, e)
			}
		}
	}
}
