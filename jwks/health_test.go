package jwks_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// healthy is Healthy, which must not take time.
func healthy(t *testing.T, r *jwks.Remote) error {
	t.Helper()
	began := time.Now()
	err := r.Healthy()
	if waited := time.Since(began); waited != 0 {
		t.Errorf("Healthy took %v", waited)
	}
	return err
}

func TestHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.hang()
		r := is.remote(t)
		// Asking starts what nobody has started yet, and only that.
		for range 10 {
			if err := unavailable(t, healthy(t, r)); err.Error() != "keys unavailable: no answer yet" {
				t.Errorf("%v", err)
			}
		}
		synctest.Wait()
		if is.count() != 1 {
			t.Errorf("%d requests", is.count())
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		u := unavailable(t, healthy(t, r))
		if u.RetryAfter <= 0 || u.RetryAfter > time.Second || u.Error() != "keys unavailable: key set at /keys: no complete response within 5s" {
			t.Errorf("%v, retry after %v", u, u.RetryAfter)
		}

		is.serve(published("a"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if err := healthy(t, r); err != nil {
			t.Errorf("%v", err)
		}

		// During an outage it is healthy as long as tokens can be judged.
		began := time.Now()
		status(http.StatusBadGateway)(is)
		time.Sleep(49 * time.Minute)
		if err := healthy(t, r); err != nil {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		time.Sleep(12 * time.Minute)
		synctest.Wait()
		before := is.count()
		for range 100 { // the back-off holds
			if u := unavailable(t, healthy(t, r)); u.Err.Error() != "key set at /keys: HTTP status 502 Bad Gateway" {
				t.Errorf("%v", u)
			}
		}
		if n := is.count() - before; n != 0 {
			t.Errorf("%d requests", n)
		}
		_ = r.Close()
		if err := healthy(t, r); !errors.Is(err, jwks.ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}
