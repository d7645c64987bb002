package validatortest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// seen is what a careless client sees of each fault within the time that get waits.
var seen = map[validatortest.Fault]func(status int, body string, err error) bool{
	validatortest.Refuse: func(_ int, _ string, err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
	validatortest.Reset: func(_ int, _ string, err error) bool {
		return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
	},
	validatortest.Hang: func(status int, _ string, err error) bool {
		return errors.Is(err, context.DeadlineExceeded) && status == 0
	},
	validatortest.SlowDrip: func(status int, body string, err error) bool {
		return errors.Is(err, context.DeadlineExceeded) && status == 200 && len(body) == 10
	},
	validatortest.ServerError: func(status int, _ string, err error) bool { return status == 500 && err == nil },
	validatortest.Garbage: func(status int, body string, err error) bool {
		return status == 200 && strings.HasPrefix(body, "<") && err == nil
	},
	validatortest.Truncated: func(status int, body string, err error) bool {
		return status == 200 && strings.HasSuffix(body, "]}") && errors.Is(err, io.ErrUnexpectedEOF)
	},
	validatortest.EmptySet: func(status int, body string, err error) bool {
		return status == 200 && body == `{"keys":[]}` && err == nil
	},
	validatortest.HugeBody: func(status int, body string, err error) bool {
		return status == 200 && len(body) > 2<<20 && strings.HasSuffix(body, "]}") && err == nil
	},
	validatortest.Redirect: func(status int, _ string, err error) bool { return status == 302 && err == nil },
}

func TestFaults(t *testing.T) {
	if len(seen) != len(validatortest.Faults()) {
		t.Fatalf("%d faults in the table of %d", len(seen), len(validatortest.Faults()))
	}
	for _, fault := range validatortest.Faults() {
		check := func(t *testing.T, is *validatortest.Issuer) {
			if status, _, err := get(t, is, is.KeysURL()); status != 200 || err != nil {
				t.Fatalf("before: status %d, error %v", status, err)
			}
			is.Fail(fault)
			status, body, err := get(t, is, is.KeysURL())
			if !seen[fault](status, body, err) {
				t.Errorf("status %d, %d bytes, error %v", status, len(body), err)
			}
			if n := is.Requests(validatortest.KeySet); n != 2 {
				t.Errorf("%d requests", n)
			}
			is.Recover()
			if status, body, err = get(t, is, is.KeysURL()); status != 200 || !strings.Contains(body, `"key-1"`) || err != nil {
				t.Errorf("after recovery: status %d, error %v", status, err)
			}
		}
		t.Run("in memory/"+string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { check(t, validatortest.Start(t, validatortest.Config{})) })
		})
		if fault == validatortest.Hang || fault == validatortest.SlowDrip {
			continue // that long each, outside of a bubble
		}
		t.Run("on loopback/"+string(fault), func(t *testing.T) {
			check(t, validatortest.Start(t, validatortest.Config{Loopback: true}))
		})
	}
}

// What does not use the issuer's transport cannot be refused a connection, but is
// not answered either.
func TestRefuseOnLoopback(t *testing.T) {
	is := validatortest.Start(t, validatortest.Config{Loopback: true})
	is.Fail(validatortest.Refuse)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(is.KeysURL())
	if err == nil {
		_ = response.Body.Close()
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestFaultOfOneEndpoint(t *testing.T) {
	is := validatortest.Start(t, validatortest.Config{})
	is.Fail(validatortest.ServerError, validatortest.Metadata)
	if status, _, err := get(t, is, is.KeysURL()); status != 200 || err != nil {
		t.Errorf("key set: %d, %v", status, err)
	}
	status, _, err := get(t, is, is.URL()+"/.well-known/openid-configuration")
	if status != 500 || err != nil {
		t.Errorf("metadata: %d, %v", status, err)
	}
	is.Fail(validatortest.ServerError)
	is.Recover(validatortest.KeySet)
	if status, _, _ := get(t, is, is.KeysURL()); status != 200 {
		t.Errorf("key set: %d", status)
	}
	if status, _, _ := get(t, is, is.URL()+"/.well-known/openid-configuration"); status != 500 {
		t.Errorf("metadata: %d", status)
	}
}

// A hung request stays hung, whatever becomes of the issuer meanwhile.
func TestHangOutlivesRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{})
		is.Fail(validatortest.Hang)
		began := time.Now()
		go func() {
			time.Sleep(time.Second)
			is.Recover()
		}()
		if _, _, err := get(t, is, is.KeysURL()); err == nil || time.Since(began) != patience {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Who ignores the status, follows the redirect or reads past the limits has a
// stranger's keys.
func TestFaultsAreTempting(t *testing.T) {
	for _, fault := range []validatortest.Fault{validatortest.ServerError, validatortest.Truncated, validatortest.HugeBody, validatortest.Redirect} {
		is := validatortest.Start(t, validatortest.Config{})
		is.Fail(fault)
		client := &http.Client{Transport: is.Transport()} // follows redirects
		response, err := client.Get(is.KeysURL())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if !strings.Contains(string(body), `"stranger"`) {
			t.Errorf("%s: no stranger's key", fault)
		}
		if code := codeOf(t, is.Validator(), is.Mint(validatortest.Claims{})); code != validator.CodeKeysUnavailable {
			t.Errorf("%s: %v", fault, code)
		}
	}
}
