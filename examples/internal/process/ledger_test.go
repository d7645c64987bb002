package process

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// What a client did until the program has ended is in the file that it leaves.
func TestLedger(t *testing.T) {
	issuer := validatortest.Start(t, validatortest.Config{})
	file := filepath.Join(t.TempDir(), "ledger.json")
	environment := func(name string) string {
		if name == "LEDGER_FILE" {
			return file
		}
		return getenv(name)
	}
	ctx, stop := context.WithCancel(t.Context())
	stdout, log, status := make(lines, 1), new(bytes.Buffer), make(chan int, 1)
	go func() {
		status <- Run(ctx, environment, stdout, log, "", func(ctx context.Context, p *Process) error {
			p.Validator.Issuer, p.Validator.Audiences, p.Validator.Keys = issuer.URL(), []string{issuer.Audience()}, issuer.Keys()
			v, err := validator.New(p.Validator)
			if err != nil {
				return err
			}
			auth, err := httpmw.New(v, httpmw.Config{})
			if err != nil {
				return err
			}
			mux := auth.NewMux()
			mux.HandleFunc("GET /orders", scopes.All("orders:read"), func(http.ResponseWriter, *http.Request) {})
			return p.Serve(ctx, p.NewHTTPServer(mux))
		})
	}()
	addr := strings.TrimSuffix(strings.TrimPrefix(<-stdout, "listening on "), "\n")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+issuer.Mint(validatortest.Client("billing").Scope("orders:read", "orders:write")))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	stop()
	if got := <-status; got != 0 || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, answer %d, log %s", got, response.StatusCode, log)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.ReadSnapshot(bytes.NewReader(text))
	if err != nil || len(s.Clients) != 1 {
		t.Fatalf("%v, %s", err, text)
	}
	var used, granted int
	for _, scope := range s.Clients[0].Scopes {
		granted++
		if scope.Uses > 0 {
			used++
		}
	}
	if granted != 2 || used != 1 {
		t.Errorf("granted %d, used %d: %s", granted, used, text)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if !json.Valid(text) {
		t.Error("not JSON")
	}
}

func TestLedgerCannotBeWritten(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	log := new(bytes.Buffer)
	environment := func(name string) string {
		if name == "LEDGER_FILE" {
			return filepath.Join(t.TempDir(), "nowhere", "ledger.json")
		}
		return getenv(name)
	}
	status := Run(ctx, environment, io.Discard, log, "", func(ctx context.Context, p *Process) error { return p.Serve(ctx, failing{}) })
	if status != 0 || !strings.Contains(log.String(), "cannot be written") {
		t.Errorf("status %d, log %s", status, log)
	}
}
