package onepolicy_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/grpcmw/options"
	bearerguardv1 "github.com/bearerguard/bearerguard/grpcmw/options/bearerguard/v1"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/scopes/openapi"
	"github.com/bearerguard/bearerguard/scopes/yaml"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// read returns a document, with an edit.
func read(t *testing.T, name, old, replacement string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	return []byte(strings.Replace(string(text), old, replacement, 1))
}

func fromYAML(t *testing.T, old, replacement string) []scopes.Difference {
	t.Helper()
	policy, err := yaml.Load(read(t, "policy.yaml", old, replacement), "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return scopes.Diff(orders.Policy, policy)
}

func fromOpenAPI(t *testing.T, old, replacement string) []scopes.Difference {
	t.Helper()
	policy, err := openapi.Load(read(t, "../orders-http/openapi.yaml", old, replacement), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return scopes.DiffHTTP(orders.Policy, policy)
}

// withoutOptions are the services that the server has from elsewhere.
var withoutOptions = []scopes.Operation{
	{Name: "health", Public: true, GRPC: []string{"/grpc.health.v1.Health/*"}},
	{Name: "reflection", Public: true, GRPC: []string{"/grpc.reflection.v1.ServerReflection/*", "/grpc.reflection.v1alpha.ServerReflection/*"}},
}

func compare(t *testing.T, operations []scopes.Operation, err error) []scopes.Difference {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := scopes.NewPolicy(append(operations, withoutOptions...)...)
	if err != nil {
		t.Fatal(err)
	}
	return scopes.DiffGRPC(orders.Policy, policy)
}

// edited returns the service as it would be if its .proto file were another.
func edited(t *testing.T, edit func(*descriptorpb.ServiceDescriptorProto)) protoreflect.ServiceDescriptor {
	t.Helper()
	file := proto.CloneOf(protodesc.ToFileDescriptorProto(ordersv1.File_orders_v1_orders_proto))
	edit(file.GetService()[0])
	compiled, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Services().Get(0)
}

// The four say the same.
func TestOnePolicy(t *testing.T) {
	for _, d := range fromYAML(t, "", "") {
		t.Error("policy.yaml:", d)
	}
	for _, d := range fromOpenAPI(t, "", "") {
		t.Error("openapi.yaml:", d)
	}
	operations, err := options.Operations(ordersv1.OrderService_ServiceDesc.ServiceName)
	for _, d := range compare(t, operations, err) {
		t.Error("orders.proto:", d)
	}
}

// So do the names of operations, by which logs and metrics of HTTP and of gRPC are
// put together.
func TestOneName(t *testing.T) {
	documented, err := openapi.LoadFile("../orders-http/openapi.yaml", openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	written, err := yaml.LoadFile("policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	optioned, err := options.Policy(ordersv1.OrderService_ServiceDesc.ServiceName)
	if err != nil {
		t.Fatal(err)
	}
	for _, policy := range []*scopes.Policy{documented, written, optioned} {
		for _, o := range policy.Operations() {
			want, ok := orders.Policy.Operation(o.Name)
			for _, entry := range o.HTTP {
				ok = ok && slices.Contains(want.HTTP, entry)
			}
			for _, entry := range o.GRPC {
				ok = ok && slices.Contains(want.GRPC, entry)
			}
			if !ok {
				t.Errorf("operation %s at %q %q is another in Go: %q %q", o.Name, o.HTTP, o.GRPC, want.HTTP, want.GRPC)
			}
		}
	}
}

// A change in one of them is a difference, whatever it is.
func TestDrift(t *testing.T) {
	yamlEdit := func(old, replacement string) func(*testing.T) []scopes.Difference {
		return func(t *testing.T) []scopes.Difference { return fromYAML(t, old, replacement) }
	}
	documentEdit := func(old, replacement string) func(*testing.T) []scopes.Difference {
		return func(t *testing.T) []scopes.Difference { return fromOpenAPI(t, old, replacement) }
	}
	protoEdit := func(edit func(*descriptorpb.ServiceDescriptorProto)) func(*testing.T) []scopes.Difference {
		return func(t *testing.T) []scopes.Difference {
			operations, err := options.OperationsOf(edited(t, edit))
			return compare(t, operations, err)
		}
	}
	rule := func(i int, r *bearerguardv1.Rule) func(*testing.T) []scopes.Difference {
		return protoEdit(func(s *descriptorpb.ServiceDescriptorProto) {
			proto.SetExtension(s.GetMethod()[i].GetOptions(), bearerguardv1.E_Rule, r)
		})
	}
	tests := []struct {
		name string
		edit func(*testing.T) []scopes.Difference
		want []string
	}{
		{"yaml: another scope", yamlEdit("orders:admin", "orders:write"), []string{
			"DELETE /orders/{id}: orders:admin in one, orders:write in the other",
			"/orders.v1.OrderService/DeleteOrder: orders:admin in one, orders:write in the other"}},
		{"yaml: an alternative", yamlEdit("orders:write", "orders:write OR orders:admin"), []string{
			"POST /orders: orders:write in one, orders:write OR orders:admin in the other",
			"/orders.v1.OrderService/CreateOrder: orders:write in one, orders:write OR orders:admin in the other"}},
		{"yaml: public", yamlEdit("requires: authenticated", "public: true"), []string{
			"GET /whoami: authenticated in one, public in the other",
			"/orders.v1.OrderService/WhoAmI: authenticated in one, public in the other"}},
		{"yaml: in shadow", yamlEdit("requires: orders:write", "requires: orders:write\n    shadow: true"), []string{
			"POST /orders: orders:write in one, orders:write, in shadow in the other",
			"/orders.v1.OrderService/CreateOrder: orders:write in one, orders:write, in shadow in the other"}},
		{"yaml: a route forgotten", yamlEdit("    http: [GET /orders]\n", ""), []string{"GET /orders: orders:read in one, no rule in the other"}},
		{"yaml: a route more", yamlEdit("[GET /orders]", "[GET /orders, GET /orders.csv]"), []string{"GET /orders.csv: no rule in one, orders:read in the other"}},
		{"yaml: a method for another", yamlEdit("Service/WhoAmI", "Service/WhoIs"), []string{
			"/orders.v1.OrderService/WhoAmI: authenticated in one, no rule in the other",
			"/orders.v1.OrderService/WhoIs: no rule in one, authenticated in the other"}},

		{"openapi: another scope", documentEdit(`"orders:admin"]`, `"orders:write"]`), []string{"DELETE /orders/{id}: orders:admin in one, orders:write in the other"}},
		{"openapi: a scope more", documentEdit(`["orders:write"]`, `["orders:write", "orders:read"]`), []string{"POST /orders: orders:write in one, orders:write AND orders:read in the other"}},
		{"openapi: another default", documentEdit(`oauth2: ["orders:read"]`, `oauth2: ["orders:write"]`), []string{
			"GET /orders: orders:read in one, orders:write in the other",
			"GET /orders/events: orders:read in one, orders:write in the other",
			"GET /orders/{id}: orders:read in one, orders:write in the other"}},
		{"openapi: optional", documentEdit("- oauth2: []", "- oauth2: []\n        - {}"), []string{"GET /whoami: authenticated in one, authenticated, or no token in the other"}},
		{"openapi: not public any more", documentEdit("      security: []\n", ""), []string{"GET /healthz: public in one, orders:read in the other"}},
		{"openapi: another method", documentEdit("    delete:", "    put:"), []string{
			"DELETE /orders/{id}: orders:admin in one, no rule in the other",
			"PUT /orders/{id}: no rule in one, orders:admin in the other"}},
		{"openapi: another path", documentEdit("  /whoami:", "  /me:"), []string{
			"GET /me: no rule in one, authenticated in the other",
			"GET /whoami: authenticated in one, no rule in the other"}},
		{"openapi: a base path", documentEdit("paths:\n", "servers: [{url: /v1}]\npaths:\n"), nil},

		{"proto: another scope", rule(3, &bearerguardv1.Rule{Requires: "orders:write"}), []string{"/orders.v1.OrderService/DeleteOrder: orders:admin in one, orders:write in the other"}},
		{"proto: public", rule(5, &bearerguardv1.Rule{Public: true}), []string{"/orders.v1.OrderService/WhoAmI: authenticated in one, public in the other"}},
		{"proto: in shadow", rule(2, &bearerguardv1.Rule{Requires: "orders:write", Shadow: true}), []string{"/orders.v1.OrderService/CreateOrder: orders:write in one, orders:write, in shadow in the other"}},
		{"proto: a method less", protoEdit(func(s *descriptorpb.ServiceDescriptorProto) { s.Method = s.Method[1:] }), []string{"/orders.v1.OrderService/ListOrders: orders:read in one, no rule in the other"}},
		{"proto: a method by another name", protoEdit(func(s *descriptorpb.ServiceDescriptorProto) { s.Method[0].Name = proto.String("SearchOrders") }), []string{
			"/orders.v1.OrderService/ListOrders: orders:read in one, no rule in the other",
			"/orders.v1.OrderService/SearchOrders: no rule in one, orders:read in the other"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			differences := tt.edit(t)
			got := make([]string, len(differences))
			for i, d := range differences {
				got[i] = fmt.Sprint(d)
			}
			if tt.want == nil {
				if len(got) == 0 {
					t.Error("no difference")
				}
				return
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// A method that was added without a rule is an error, not a difference.
func TestMethodWithoutRule(t *testing.T) {
	_, err := options.OperationsOf(edited(t, func(s *descriptorpb.ServiceDescriptorProto) {
		added := proto.CloneOf(s.GetMethod()[0])
		added.Name, added.Options = proto.String("CancelOrder"), nil
		s.Method = append(s.Method, added)
	}))
	if err == nil || !strings.HasPrefix(err.Error(), "/orders.v1.OrderService/CancelOrder: no rule") {
		t.Errorf("got %v", err)
	}
}
