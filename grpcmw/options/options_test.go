package options_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/grpcmw/options"
	bearerguardv1 "github.com/bearerguard/bearerguard/grpcmw/options/bearerguard/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

type method struct {
	name string
	rule *bearerguardv1.Rule // nil: no option
}

// service compiles a service "test.Service" as generated code has it: written in
// the wire format and read again, with what is known of the options.
func service(t *testing.T, pkg string, rule *bearerguardv1.Rule, methods ...method) protoreflect.FileDescriptor {
	t.Helper()
	s := &descriptorpb.ServiceDescriptorProto{Name: proto.String("Service")}
	if rule != nil {
		s.Options = new(descriptorpb.ServiceOptions)
		proto.SetExtension(s.Options, bearerguardv1.E_ServiceRule, rule)
	}
	for _, m := range methods {
		d := &descriptorpb.MethodDescriptorProto{
			Name: proto.String(m.name), InputType: proto.String(".google.protobuf.FileDescriptorSet"), OutputType: proto.String(".google.protobuf.FileDescriptorSet"),
		}
		if m.rule != nil {
			d.Options = new(descriptorpb.MethodOptions)
			proto.SetExtension(d.Options, bearerguardv1.E_Rule, m.rule)
		}
		s.Method = append(s.Method, d)
	}
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String(pkg + ".proto"), Package: proto.String(pkg), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/descriptor.proto"}, Service: []*descriptorpb.ServiceDescriptorProto{s},
	}
	wire, err := proto.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	read := new(descriptorpb.FileDescriptorProto)
	if err := proto.Unmarshal(wire, read); err != nil {
		t.Fatal(err)
	}
	compiled, err := protodesc.NewFile(read, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func requires(text string) *bearerguardv1.Rule { return &bearerguardv1.Rule{Requires: text} }

func TestOperationsOf(t *testing.T) {
	file := service(t, "test", requires("orders:read"),
		method{"List", nil},
		method{"Get", nil},
		method{"Create", requires("orders:write AND (billing:read OR admin)")},
		method{"Delete", &bearerguardv1.Rule{Requires: "admin", Shadow: true}},
		method{"Search", &bearerguardv1.Rule{Requires: "authenticated", Optional: true, Operation: "search"}},
		method{"Suggest", &bearerguardv1.Rule{Requires: "authenticated", Optional: true, Operation: "search"}},
		method{"Health", &bearerguardv1.Rule{Public: true}},
		method{"Pay", requires("payments:write AND max_age(5m)")},
	)
	operations, err := options.OperationsOf(file.Services().Get(0))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(operations))
	for i, o := range operations {
		got[i] = o.Name + ": " + o.Rule().String() + ": " + strings.Join(o.GRPC, " ")
	}
	want := []string{
		"test.Service.List: orders:read: /test.Service/List",
		"test.Service.Get: orders:read: /test.Service/Get",
		"test.Service.Create: orders:write AND (billing:read OR admin): /test.Service/Create",
		"test.Service.Delete: admin, in shadow: /test.Service/Delete",
		"search: authenticated, or no token: /test.Service/Search /test.Service/Suggest",
		"test.Service.Health: public: /test.Service/Health",
		"test.Service.Pay: payments:write AND max_age(5m0s): /test.Service/Pay",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The operation of a service is that of all its methods.
func TestOperationOfService(t *testing.T) {
	file := service(t, "test", &bearerguardv1.Rule{Requires: "orders:read", Operation: "orders.read"}, method{"List", nil}, method{"Get", nil})
	operations, err := options.OperationsOf(file.Services().Get(0))
	if err != nil {
		t.Fatal(err)
	}
	if len(operations) != 1 || !slices.Equal(operations[0].GRPC, []string{"/test.Service/List", "/test.Service/Get"}) {
		t.Errorf("got %v", operations)
	}
}

// later is a rule of a version that knows more.
func later(rule *bearerguardv1.Rule) *bearerguardv1.Rule {
	rule.ProtoReflect().SetUnknown(protoreflect.RawFields{0x72, 0x01, 'x'}) // field 14, "x"
	return rule
}

func TestProblems(t *testing.T) {
	good := requires("orders:read")
	tests := []struct {
		name    string
		service *bearerguardv1.Rule
		methods []method
		want    []string // how each problem starts
	}{
		{"no rule at all", nil, []method{{"A", nil}, {"B", good}, {"C", nil}}, []string{"/test.Service/A: no rule", "/test.Service/C: no rule"}},
		{"empty rule", nil, []method{{"A", new(bearerguardv1.Rule)}}, []string{`Operations["test.Service.A"].Requirement: required`}},
		{"empty rule of the method, not that of the service", good, []method{{"A", new(bearerguardv1.Rule)}}, []string{`Operations["test.Service.A"].Requirement: required`}},
		{"empty rule of the service", new(bearerguardv1.Rule), []method{{"A", nil}}, []string{`Operations["test.Service.A"].Requirement: required`}},
		{"malformed requirements", nil, []method{{"A", requires("a AND")}, {"B", requires("a b")}},
			[]string{"/test.Service/A: requires: scopes: requirement, at offset 5", "/test.Service/B: requires: scopes: requirement, at offset 2"}},
		{"public with a requirement", nil, []method{{"A", &bearerguardv1.Rule{Public: true, Requires: "a"}}}, []string{`Operations["test.Service.A"].Requirement: a public`}},
		{"public and optional", nil, []method{{"A", &bearerguardv1.Rule{Public: true, Optional: true}}}, []string{`Operations["test.Service.A"].Optional: a public`}},
		{"public in shadow", nil, []method{{"A", &bearerguardv1.Rule{Public: true, Shadow: true}}}, []string{`Operations["test.Service.A"].Shadow: a public`}},
		{"one operation, two rules", nil, []method{{"A", &bearerguardv1.Rule{Requires: "a", Operation: "x"}}, {"B", &bearerguardv1.Rule{Requires: "b", Operation: "x"}}},
			[]string{`/test.Service/B: operation "x" has another rule at /test.Service/A`}},
		{"one operation, public and not", nil, []method{{"A", &bearerguardv1.Rule{Requires: "a", Operation: "x"}}, {"B", &bearerguardv1.Rule{Public: true, Operation: "x"}}},
			[]string{`/test.Service/B: operation "x" has another rule at /test.Service/A`}},
		{"a name no operation can have", nil, []method{{"A", &bearerguardv1.Rule{Requires: "a", Operation: "x\n"}}}, []string{"Operations[0].Name: required"}},
		{"field of a later version at a method", nil, []method{{"A", later(requires("a"))}}, []string{"/test.Service/A: the rule has fields"}},
		{"field of a later version at the service", later(requires("a")), []method{{"A", nil}}, []string{"test.Service: the rule has fields"}},
		{"no method", good, nil, []string{"services: required"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			operations, err := options.OperationsOf(service(t, "test", tt.service, tt.methods...).Services().Get(0))
			if operations != nil {
				t.Errorf("operations with an error: %v", operations)
			}
			checkProblems(t, err, tt.want)
		})
	}
}

func checkProblems(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("got\n%v\nwant\n%s", err, strings.Join(want, "\n"))
	}
}

func register(t *testing.T, file protoreflect.FileDescriptor) {
	t.Helper()
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		t.Fatal(err)
	}
}

func TestPolicyOfRegisteredServices(t *testing.T) {
	register(t, service(t, "registered.a", requires("a"), method{"Call", nil}))
	register(t, service(t, "registered.b", requires("b"), method{"Call", nil}))
	register(t, service(t, "registered.c", nil, method{"Call", nil}))

	policy, err := options.Policy("registered.a.Service", "registered.b.Service")
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]string{"/registered.a.Service/Call": "a", "/registered.b.Service/Call": "b", "/registered.c.Service/Call": "no rule", "/registered.a.Service/Other": "no rule"} {
		if rule, _ := policy.GRPC(method); rule.String() != want {
			t.Errorf("%s: %v, want %s", method, rule, want)
		}
	}
	_, err = options.Policy("registered.a.Service", "registered.c.Service", "registered.d.Service", "registered.a", "registered.a.Service.Call", "")
	checkProblems(t, err, []string{
		"registered.d.Service: no service", "registered.a: no service", "registered.a.Service.Call: no service", ": no service", "/registered.c.Service/Call: no rule",
	})
	if _, err = options.Policy(); err == nil {
		t.Error("a policy of nothing")
	}
}

// A service that is named twice has its methods twice, which no policy can have.
func TestServiceTwice(t *testing.T) {
	s := service(t, "test", requires("a"), method{"Call", nil}).Services().Get(0)
	_, err := options.OperationsOf(s, s)
	checkProblems(t, err, []string{`Operations["test.Service.Call"].GRPC[1]: "/test.Service/Call" is Operations["test.Service.Call"].GRPC[0] already`})
}

// read returns the service of a file whose options were read with these types only.
func read(t *testing.T, file *descriptorpb.FileDescriptorProto, types *protoregistry.Types) protoreflect.ServiceDescriptor {
	t.Helper()
	wire, err := proto.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	again := new(descriptorpb.FileDescriptorProto)
	if err := (proto.UnmarshalOptions{Resolver: types}).Unmarshal(wire, again); err != nil {
		t.Fatal(err)
	}
	compiled, err := protodesc.NewFile(again, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Services().Get(0)
}

// Options say the same with whatever types they were read: none, or those that a
// compiler has made at run time.
func TestTypesOfOptions(t *testing.T) {
	made := new(protoregistry.Types)
	for _, option := range []protoreflect.ExtensionType{bearerguardv1.E_Rule, bearerguardv1.E_ServiceRule} {
		if err := made.RegisterExtension(dynamicpb.NewExtensionType(option.TypeDescriptor().Descriptor())); err != nil {
			t.Fatal(err)
		}
	}
	for name, types := range map[string]*protoregistry.Types{"none": new(protoregistry.Types), "made at run time": made} {
		t.Run(name, func(t *testing.T) {
			file := protodesc.ToFileDescriptorProto(service(t, "test", requires("a"), method{"List", nil}, method{"Delete", requires("b")}))
			operations, err := options.OperationsOf(read(t, file, types))
			if err != nil {
				t.Fatal(err)
			}
			if len(operations) != 2 || operations[0].Requirement.String() != "a" || operations[1].Requirement.String() != "b" {
				t.Errorf("got %v", operations)
			}
			file = protodesc.ToFileDescriptorProto(service(t, "test", requires("a"), method{"Delete", later(requires("b"))}))
			_, err = options.OperationsOf(read(t, file, types))
			checkProblems(t, err, []string{"/test.Service/Delete: the rule has fields"})
		})
	}
}

// What stands where a rule should, and is none, is not passed over for the rule of
// the service.
func TestAnotherFormOfOption(t *testing.T) {
	file := protodesc.ToFileDescriptorProto(service(t, "test", requires("a"), method{"Delete", nil}))
	encoded := protowire.AppendBytes(protowire.AppendTag(nil, 76750, protowire.BytesType), []byte{0xff})
	file.Service[0].Method[0].Options = new(descriptorpb.MethodOptions)
	file.Service[0].Method[0].Options.ProtoReflect().SetUnknown(encoded)
	_, err := options.OperationsOf(read(t, file, new(protoregistry.Types)))
	checkProblems(t, err, []string{"/test.Service/Delete: the options cannot be read"})
}

// The numbers are part of every .proto file that was ever compiled with them.
func TestFieldNumbers(t *testing.T) {
	for _, option := range []protoreflect.ExtensionType{bearerguardv1.E_Rule, bearerguardv1.E_ServiceRule} {
		if n := option.TypeDescriptor().Number(); n != 76750 {
			t.Errorf("%s is field %d", option.TypeDescriptor().FullName(), n)
		}
	}
	fields := (&bearerguardv1.Rule{}).ProtoReflect().Descriptor().Fields()
	for i, name := range []protoreflect.Name{"requires", "public", "optional", "shadow", "operation"} {
		if f := fields.ByName(name); f == nil || f.Number() != protoreflect.FieldNumber(i+1) {
			t.Errorf("%s is %v", name, f)
		}
	}
}
