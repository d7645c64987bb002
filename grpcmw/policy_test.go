package grpcmw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

func newPolicy(t testing.TB, operations ...scopes.Operation) *scopes.Policy {
	t.Helper()
	policy, err := scopes.NewPolicy(operations...)
	must(t, err)
	return policy
}

func TestPolicy(t *testing.T) {
	s := newSigner(t)
	for name, test := range map[string]struct {
		operation scopes.Operation
		want      map[string]string // by scope of the token, "-" for none: the reason, empty for let in
	}{
		"required": {scopes.Operation{Requirement: scopes.All("a")}, map[string]string{"a": "", "b": "INSUFFICIENT_SCOPE", "-": "CREDENTIALS_MISSING"}},
		"optional": {scopes.Operation{Requirement: scopes.All("a"), Optional: true}, map[string]string{"a": "", "b": "INSUFFICIENT_SCOPE", "-": ""}},
		"public":   {scopes.Operation{Public: true}, map[string]string{"b": "", "-": ""}},
		"shadow":   {scopes.Operation{Requirement: scopes.All("a"), Shadow: true}, map[string]string{"a": "", "b": "", "-": "CREDENTIALS_MISSING"}},
		"shadow, another authentication": {scopes.Operation{Requirement: scopes.ACR("gold"), Shadow: true},
			map[string]string{"a": "INSUFFICIENT_USER_AUTHENTICATION", "-": "CREDENTIALS_MISSING"}},
	} {
		for _, whole := range []bool{false, true} {
			test.operation.Name, test.operation.GRPC = "tested", []string{unaryMethod, streamMethod}
			if whole {
				test.operation.GRPC = []string{service + "*"}
			}
			conn := serve(t, newAuth(t, s.validator(t), grpcmw.Config{Policy: newPolicy(t, test.operation)}))
			for scope, want := range test.want {
				ctx := with(t)
				if scope != "-" {
					ctx = with(t, s.bearer(t, scope, time.Hour))
				}
				for _, kind := range kinds {
					_, err := kind.call(ctx, conn)
					if got := reasonOrNone(t, err); got != want {
						t.Errorf("%s, %s, token for %q: %q, want %q", name, kind.name, scope, got, want)
					}
				}
			}
		}
	}
}

func reasonOrNone(t *testing.T, err error) string {
	if err == nil {
		return ""
	}
	return reason(t, err)
}

// What the policy does not name is refused, in shadow mode too.
func TestPolicyHasNoRule(t *testing.T) {
	s := newSigner(t)
	policy := newPolicy(t, scopes.Operation{Name: "unary", Requirement: scopes.All("a"), Shadow: true, GRPC: []string{unaryMethod}})
	conn := serve(t, newAuth(t, s.validator(t), grpcmw.Config{Policy: policy}))
	_, err := kinds[1].call(with(t, s.bearer(t, "a", time.Hour)), conn)
	if got := reason(t, err); got != "OPERATION_NOT_ALLOWED" {
		t.Errorf("got %s", got)
	}
}

func TestPolicyNamesOperations(t *testing.T) {
	var mu sync.Mutex
	var got []string
	s := newSigner(t)
	var log bytes.Buffer
	a := s.validator(t, func(c *validator.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		c.OnDecision = func(_ context.Context, d validator.Decision) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprint(d.Operation, " ", d.Shadow))
		}
	})
	auth := newAuth(t, a, grpcmw.Config{Policy: newPolicy(t,
		scopes.Operation{Name: "unary", Requirement: scopes.All("a"), Shadow: true, GRPC: []string{unaryMethod}},
		scopes.Operation{Name: "rest", Requirement: scopes.All("b"), GRPC: []string{service + "*"}},
	)})
	if started := log.String(); !strings.Contains(started, "level=WARN") || !strings.Contains(started, "operations=[unary]") {
		t.Errorf("at the start: %s", started)
	}
	var checked error
	checks := func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		_, checked = auth.Check(ctx, scopes.All("c"))
		return next(ctx, r)
	}
	server := grpc.NewServer(append(auth.ServerOptions(), grpc.ChainUnaryInterceptor(checks))...)
	testgrpc.RegisterTestServiceServer(server, &testService{})
	conn := dial(t, server)
	for _, kind := range kinds {
		_, err := kind.call(with(t, s.bearer(t, "b", time.Hour)), conn)
		must(t, err)
	}
	if got := reason(t, checked); got != "INSUFFICIENT_SCOPE" {
		t.Errorf("Check in shadow mode: %s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"unary true", "unary false", "rest false"}; !slices.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
	if got := auth.ShadowCounts(); !maps.Equal(got, map[string]uint64{"unary": 1}) {
		t.Errorf("counts %v", got)
	}
}

func TestPolicyTakesThePlaceOfTheMaps(t *testing.T) {
	policy := newPolicy(t, scopes.Operation{Name: "unary", Requirement: scopes.All("a"), GRPC: []string{unaryMethod}})
	rule := map[string]scopes.Requirement{streamMethod: scopes.Authenticated()}
	for _, config := range []grpcmw.Config{{Policy: policy, Rules: rule}, {Policy: policy, Optional: rule}, {Policy: policy, Public: []string{streamMethod}}} {
		_, err := grpcmw.New(newSigner(t).validator(t), config)
		if got := problems(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "Policy: ") {
			t.Errorf("got %q", got)
		}
	}
}

func TestCheckServicesOfPolicy(t *testing.T) {
	all := scopes.Operation{Name: "all", Requirement: scopes.All("a"), HTTP: []string{"GET /x"}, GRPC: []string{service + "*"}}
	healthy := scopes.Operation{Name: "health", Public: true, GRPC: []string{"/grpc.health.v1.Health/*"}}
	for name, test := range map[string]struct {
		operations []scopes.Operation
		want       []string
	}{
		"complete": {[]scopes.Operation{all, healthy}, nil},
		"no rule": {[]scopes.Operation{all, {Name: "health", Public: true, GRPC: []string{"/grpc.health.v1.Health/Check"}}},
			[]string{"/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"}},
		"no method": {[]scopes.Operation{all, healthy, {Name: "x", Public: true, GRPC: []string{"/a.B/C", service + "Unary"}}}, []string{"/a.B/C", service + "Unary"}},
	} {
		auth := newAuth(t, newSigner(t).validator(t), grpcmw.Config{Policy: newPolicy(t, test.operations...)})
		server := grpc.NewServer(auth.ServerOptions()...)
		testgrpc.RegisterTestServiceServer(server, &testService{})
		healthgrpc.RegisterHealthServer(server, health.NewServer())
		err := auth.CheckServices(server.GetServiceInfo())
		var got []string
		if coverage, ok := errors.AsType[*scopes.CoverageError](err); ok {
			for _, gap := range coverage.Gaps {
				got = append(got, gap.Binding)
			}
		}
		if !slices.Equal(got, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, test.want)
		}
	}
}

func TestMethods(t *testing.T) {
	if got := grpcmw.Methods(nil); got == nil || len(got) > 0 {
		t.Errorf("of nothing: %#v", got)
	}
	server := grpc.NewServer()
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	want := []string{"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch"}
	if got := grpcmw.Methods(server.GetServiceInfo()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
