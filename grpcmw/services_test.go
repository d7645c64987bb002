package grpcmw_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"
)

func TestCheckServices(t *testing.T) {
	const (
		missing = ": missing: the server has this method, and every call of it is refused"
		unknown = ": the server has no such method"
	)
	a := newSigner(t).validator(t)
	read := scopes.All("orders:read")
	tests := map[string]struct {
		config grpcmw.Config
		want   []string
	}{
		"complete": {grpcmw.Config{
			Rules:    map[string]scopes.Requirement{service + "*": read, unaryMethod: read},
			Optional: map[string]scopes.Requirement{streamMethod: read},
			Public:   []string{"/grpc.health.v1.Health/*", "/grpc.reflection.v1.ServerReflection/*", "/grpc.reflection.v1alpha.ServerReflection/*"},
		}, nil},
		"misspelled and forgotten": {grpcmw.Config{
			Rules: map[string]scopes.Requirement{
				service + "*":          read,
				service + "UnaryCal":   read,
				"/grpc.testing.Test/*": read,
			},
			Optional: map[string]scopes.Requirement{"/a.B/C": read},
			Public:   []string{"/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/*", "/grpc.health.v1.Health/check"},
		}, []string{
			`Optional["/a.B/C"]: "/a.B/C"` + unknown,
			`Rules["/grpc.health.v1.Health/List"]` + missing,
			`Rules["/grpc.health.v1.Health/Watch"]` + missing,
			`Public[2]: "/grpc.health.v1.Health/check"` + unknown,
			`Rules["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]` + missing,
			`Rules["/grpc.testing.Test/*"]: "/grpc.testing.Test/*"` + unknown,
			`Rules["/grpc.testing.TestService/UnaryCal"]: "/grpc.testing.TestService/UnaryCal"` + unknown,
		}},
		"forgotten": {grpcmw.Config{Public: []string{service + "*", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.health.v1.Health/Check"}}, []string{
			`Rules["/grpc.health.v1.Health/List"]` + missing,
			`Rules["/grpc.health.v1.Health/Watch"]` + missing,
			`Rules["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]` + missing,
		}},
	}
	for name, tt := range tests {
		auth := newAuth(t, a, tt.config)
		server := grpc.NewServer(auth.ServerOptions()...)
		testgrpc.RegisterTestServiceServer(server, &testService{})
		healthgrpc.RegisterHealthServer(server, health.NewServer())
		reflection.Register(server)
		if got := problems(t, auth.CheckServices(server.GetServiceInfo())); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// A service without methods makes no use of a rule, and an empty server of none.
func TestCheckServicesWithoutMethods(t *testing.T) {
	auth := newAuth(t, newSigner(t).validator(t), grpcmw.Config{Public: []string{"/a.B/*"}})
	for _, services := range []map[string]grpc.ServiceInfo{nil, {"a.B": {}}} {
		if got := problems(t, auth.CheckServices(services)); len(got) != 1 {
			t.Errorf("%v: got %q", services, got)
		}
	}
}

// Health is the usual public service: no token needed, whoever asks.
func TestPublicHealth(t *testing.T) {
	auth := newAuth(t, newSigner(t).validator(t), grpcmw.Config{Public: []string{"/grpc.health.v1.Health/*"}})
	server := grpc.NewServer(auth.ServerOptions()...)
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	conn := dial(t, server)
	answer, err := healthgrpc.NewHealthClient(conn).Check(with(t), &healthgrpc.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthgrpc.HealthCheckResponse_SERVING {
		t.Errorf("Check: got %v, %v", answer, err)
	}
	watch, err := healthgrpc.NewHealthClient(conn).Watch(with(t), &healthgrpc.HealthCheckRequest{})
	must(t, err)
	if answer, err = watch.Recv(); err != nil || answer.GetStatus() != healthgrpc.HealthCheckResponse_SERVING {
		t.Errorf("Watch: got %v, %v", answer, err)
	}
}
