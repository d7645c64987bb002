package validator_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// The times of the matrix. They are shorter than the defaults, whose hour would
// be more of the same.
const (
	matrixRefresh  = 20 * time.Second
	matrixMaxStale = 80 * time.Second
	fetchTimeout   = 5 * time.Second
)

// A state is how the keys are doing when a request comes during an outage.
type state struct {
	name string
	warm bool          // there were keys before the outage
	into time.Duration // how long the outage has lasted
}

var states = []state{
	{"cold", false, 0},
	{"fresh", true, 0},
	{"stale", true, matrixMaxStale / 2},
	{"beyond max-stale", true, matrixMaxStale},
}

// A credentialKind is what a request shows.
type credentialKind struct {
	name string
	mint func(*validatortest.Issuer) string
	well validator.Code // with an issuer in order
}

var credentialKinds = []credentialKind{
	{"valid", func(is *validatortest.Issuer) string { return is.Mint(validatortest.Claims{}) }, 0},
	{"unknown kid", func(is *validatortest.Issuer) string { return is.MintWith(is.NewKey(), validatortest.Claims{}) }, validator.CodeKeyUnknown},
	{"forged", func(is *validatortest.Issuer) string {
		k := is.SigningKey()
		return is.MintWith(validatortest.NewKey(k.ID(), k.Algorithm()), validatortest.Claims{})
	}, validator.CodeSignatureInvalid},
	{"stranger's", strangersToken, validator.CodeKeyUnknown},
}

// strangersToken is good for whoever believes what a fault serves.
func strangersToken(is *validatortest.Issuer) string {
	for _, hostile := range is.Hostile(validatortest.Claims{}) {
		if hostile.Name == "keys from a redirect" {
			return hostile.Token
		}
	}
	panic("no such token")
}

// A verdict is what a request gets.
type verdict struct {
	status     int // 200 if it is let in
	code       validator.Code
	fetches    [2]int // at least, at most
	waits      bool   // may wait for the network, no longer than one fetch takes
	retryAfter bool
}

const unavailableStatus = 503

// verdicts is the matrix: whatever the fault is, state and credential decide.
var verdicts = map[string]map[string]verdict{
	// Everybody waits for the first keys, for one fetch.
	"cold": {
		"valid":       {unavailableStatus, validator.CodeKeysUnavailable, [2]int{1, 1}, true, true},
		"unknown kid": {unavailableStatus, validator.CodeKeysUnavailable, [2]int{1, 1}, true, true},
		"forged":      {unavailableStatus, validator.CodeKeysUnavailable, [2]int{1, 1}, true, true},
		"stranger's":  {unavailableStatus, validator.CodeKeysUnavailable, [2]int{1, 1}, true, true},
	},
	// Known keys are not waited for. An unknown one is asked for.
	"fresh": {
		"valid":       {200, 0, [2]int{0, 0}, false, false},
		"unknown kid": {unavailableStatus, validator.CodeKeysUnavailable, [2]int{1, 1}, true, true},
		"forged":      {401, validator.CodeSignatureInvalid, [2]int{0, 0}, false, false},
		"stranger's":  {unavailableStatus, validator.CodeKeysUnavailable, [2]int{1, 1}, true, true},
	},
	// The same, but the fetch may be one that is under way anyway.
	"stale": {
		"valid":       {200, 0, [2]int{0, 0}, false, false},
		"unknown kid": {unavailableStatus, validator.CodeKeysUnavailable, [2]int{0, 1}, true, true},
		"forged":      {401, validator.CodeSignatureInvalid, [2]int{0, 0}, false, false},
		"stranger's":  {unavailableStatus, validator.CodeKeysUnavailable, [2]int{0, 1}, true, true},
	},
	// Nothing can be judged. Nobody causes a fetch: one is under way or planned.
	"beyond max-stale": {
		"valid":       {unavailableStatus, validator.CodeKeysUnavailable, [2]int{0, 0}, true, true},
		"unknown kid": {unavailableStatus, validator.CodeKeysUnavailable, [2]int{0, 0}, true, true},
		"forged":      {unavailableStatus, validator.CodeKeysUnavailable, [2]int{0, 0}, true, true},
		"stranger's":  {unavailableStatus, validator.CodeKeysUnavailable, [2]int{0, 0}, true, true},
	},
}

// TestFaultMatrix: every fault, in every state of the keys, for every kind of
// credential, and the recovery after it.
func TestFaultMatrix(t *testing.T) {
	for _, fault := range validatortest.Faults() {
		for _, state := range states {
			for _, credential := range credentialKinds {
				t.Run(string(fault)+"/"+state.name+"/"+credential.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testFault(t, fault, state, credential) })
				})
			}
		}
	}
}

func testFault(t *testing.T, fault validatortest.Fault, s state, c credentialKind) {
	is := validatortest.Start(t, validatortest.Config{})
	v := is.Validator(func(config *validator.Config) {
		config.Keys = is.Keys(func(keys *jwks.Config) {
			keys.URL, keys.Issuer = is.KeysURL(), ""
			keys.RefreshInterval, keys.MaxStale = matrixRefresh, matrixMaxStale
		})
	})
	if s.warm {
		if got := ask(t, is, v, is.Mint(validatortest.Claims{})); got.code != 0 {
			t.Fatalf("before the outage: %v", got.code)
		}
	}
	token := c.mint(is)
	is.Fail(fault)
	time.Sleep(s.into)
	synctest.Wait()

	want, got := verdicts[s.name][c.name], ask(t, is, v, token)
	want.check(t, fault, got)

	// It works again within 5 seconds, after an answer that never comes within
	// 10, without anybody asking.
	is.Recover()
	if hangs(fault) {
		time.Sleep(2 * fetchTimeout)
	} else {
		time.Sleep(fetchTimeout)
	}
	synctest.Wait()
	if got := ask(t, is, v, is.Mint(validatortest.Claims{})); got.code != 0 || got.waited != 0 {
		t.Errorf("after recovery a valid token got %v after %v", got.code, got.waited)
	}
	if got := ask(t, is, v, token); got.code != c.well {
		t.Errorf("after recovery: %v, want %v", got.code, c.well)
	}
	if is.Requests() != is.Requests(validatortest.KeySet) {
		t.Error("something else than the key set was asked for")
	}
}

func hangs(fault validatortest.Fault) bool {
	return fault == validatortest.Hang || fault == validatortest.SlowDrip
}

func (want verdict) check(t *testing.T, fault validatortest.Fault, got outcome) {
	t.Helper()
	if got.code != want.code || got.status() != want.status {
		t.Errorf("%d %v, want %d %v", got.status(), got.code, want.status, want.code)
	}
	if got.fetches < want.fetches[0] || got.fetches > want.fetches[1] {
		t.Errorf("%d fetches, want %d to %d", got.fetches, want.fetches[0], want.fetches[1])
	}
	longest := time.Duration(0)
	if want.waits && hangs(fault) {
		longest = fetchTimeout
	}
	if got.waited > longest {
		t.Errorf("waited %v, want at most %v", got.waited, longest)
	}
	if (got.retryAfter != 0) != want.retryAfter || got.retryAfter > fetchTimeout {
		t.Errorf("Retry-After %v", got.retryAfter)
	}
}

// An outcome is what one request got, and what it cost.
type outcome struct {
	code       validator.Code
	retryAfter time.Duration
	waited     time.Duration
	fetches    int
}

func (o outcome) status() int {
	if o.code == 0 {
		return 200
	}
	return o.code.HTTPStatus()
}

// ask validates a token in a bubble, where time passes only for who waits.
func ask(t testing.TB, is *validatortest.Issuer, v validator.Authenticator, token string) outcome {
	t.Helper()
	began, before := time.Now(), is.Requests()
	_, err := v.Validate(t.Context(), bearerToken(token))
	got := outcome{code: errorCode(t, err), waited: time.Since(began), fetches: is.Requests() - before}
	if refusal, ok := errors.AsType[*validator.Error](err); ok {
		got.retryAfter = refusal.RetryAfter()
	}
	return got
}

// TestFaultMatrixByDiscovery: with the metadata in between it is the same for
// those who ask, and one fetch is at most three requests.
func TestFaultMatrixByDiscovery(t *testing.T) {
	for _, fault := range validatortest.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := validatortest.Start(t, validatortest.Config{})
				quick := func(c *validator.Config) {
					c.Keys = is.Keys(func(c *jwks.Config) { c.RefreshInterval, c.MaxStale = matrixRefresh, matrixMaxStale })
				}
				cold, warm := is.Validator(quick), is.Validator(quick)
				token := is.Mint(validatortest.Claims{})
				if got := ask(t, is, warm, token); got.code != 0 {
					t.Fatal(got.code)
				}
				is.Fail(fault)
				if got := ask(t, is, cold, token); got.code != validator.CodeKeysUnavailable || got.fetches > 3 || got.waited > fetchTimeout {
					t.Errorf("cold: %+v", got)
				}
				time.Sleep(matrixMaxStale - 2*fetchTimeout)
				if got := ask(t, is, warm, token); got.code != 0 || got.waited != 0 {
					t.Errorf("before max-stale: %+v", got)
				}
				time.Sleep(2 * fetchTimeout)
				if got := ask(t, is, warm, token); got.code != validator.CodeKeysUnavailable || got.waited > 2*fetchTimeout {
					t.Errorf("after max-stale: %+v", got)
				}
				is.Recover()
				time.Sleep(2 * fetchTimeout)
				for _, v := range []*validator.Validator{cold, warm} {
					if got := ask(t, is, v, token); got.code != 0 || got.waited != 0 {
						t.Errorf("after recovery: %+v", got)
					}
				}
			})
		})
	}
}

// TestFaultOfOneIssuer: keys never cross issuers, though their ids are the same,
// and one issuer that hangs has no effect on another.
func TestFaultOfOneIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := validatortest.Start(t, validatortest.Config{Issuer: "https://broken.example.com"})
		sound := validatortest.Start(t, validatortest.Config{Issuer: "https://sound.example.com"})
		both, err := validator.ByIssuer(broken.Validator(), sound.Validator())
		if err != nil {
			t.Fatal(err)
		}
		broken.Fail(validatortest.Hang)
		for range 1000 {
			token := broken.MintWith(broken.SigningKey(), validatortest.Claims{})
			go func() { _, _ = both.Validate(t.Context(), bearerToken(token)) }()
		}
		synctest.Wait()
		for name, tt := range map[string]struct {
			token string
			want  validator.Code
		}{
			"good":              {sound.Mint(validatortest.Claims{}), 0},
			"unknown kid":       {sound.MintWith(sound.NewKey(), validatortest.Claims{}), validator.CodeKeyUnknown},
			"the other's key":   {sound.MintWith(broken.SigningKey(), validatortest.Claims{}), validator.CodeSignatureInvalid},
			"of nobody we know": {sound.Mint(validatortest.Claims{}.With("iss", "https://nobody.example.com")), validator.CodeIssuerNotAllowed},
		} {
			if got := ask(t, sound, both, tt.token); got.code != tt.want || got.waited != 0 {
				t.Errorf("%s: %v after %v", name, got.code, got.waited)
			}
		}
		if n := broken.Requests(); n != 1 {
			t.Errorf("%d requests to the broken issuer", n)
		}
		time.Sleep(fetchTimeout)
	})
}
