package validatortest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

const untilRefreshed = 11 * time.Minute

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{})
		v := is.Validator()
		check := func(step, token string, want validator.Code) {
			t.Helper()
			if got := codeOf(t, v, token); got != want {
				t.Errorf("%s: %v, want %v", step, got, want)
			}
		}
		old := is.SigningKey()
		before := is.Mint(validatortest.Claims{}.ExpiresIn(24 * time.Hour))
		check("before", before, 0)

		next := is.Publish()
		if is.SigningKey() != old || next.ID() == old.ID() {
			t.Errorf("signed with %q, published %q", is.SigningKey().ID(), next.ID())
		}
		is.Switch(next)
		after := is.Mint(validatortest.Claims{}.ExpiresIn(24 * time.Hour))
		check("switched", after, 0)
		check("switched, old token", before, 0)

		is.Retire(old)
		time.Sleep(untilRefreshed)
		check("retired, old token", before, validator.CodeKeyUnknown)
		check("retired", after, 0)

		swapped := is.Swap()
		if swapped.ID() != next.ID() || is.SigningKey() != swapped {
			t.Errorf("swapped %q for %q", swapped.ID(), next.ID())
		}
		time.Sleep(untilRefreshed)
		check("swapped, old token", after, validator.CodeSignatureInvalid)
		check("swapped", is.Mint(validatortest.Claims{}), 0)

		unpublished := is.NewKey()
		check("unpublished", is.MintWith(unpublished, validatortest.Claims{}), validator.CodeKeyUnknown)
		if got := is.Publish(unpublished); got != unpublished {
			t.Errorf("published %q", got.ID())
		}
		check("published", is.MintWith(unpublished, validatortest.Claims{}), 0)
	})
}
