package options

import (
	"fmt"

	bearerguardv1 "github.com/bearerguard/bearerguard/grpcmw/options/bearerguard/v1"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// ConfigError is one problem with one service, method or operation. What this
// package returns joins all problems that it finds (see [errors.Join]).
type ConfigError = configerr.Error

// Policy returns the policy of these services, such as "orders.v1.OrderService" or
// [google.golang.org/grpc.ServiceDesc.ServiceName], and of nothing else. See
// [Operations] for its errors.
func Policy(services ...string) (*scopes.Policy, error) {
	operations, err := Operations(services...)
	if err != nil {
		return nil, err
	}
	return scopes.NewPolicy(operations...)
}

// Operations returns the operations of these services for [scopes.NewPolicy], in
// the order of their methods, so that others can be added: health, reflection,
// what has no .proto file of one's own. The services are found among those that
// generated code has registered, [protoregistry.GlobalFiles].
//
// The error joins a [*ConfigError] for every service that is not there, for every
// method that has no rule or a wrong one, and for what [scopes.NewPolicy] finds.
func Operations(services ...string) ([]scopes.Operation, error) {
	var problems configerr.List
	var found []protoreflect.ServiceDescriptor
	for _, name := range services {
		descriptor, _ := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		service, ok := descriptor.(protoreflect.ServiceDescriptor)
		if !ok {
			problems.Add(name, "no service of this name is registered: want \"pkg.Service\", and its generated code in the program")
			continue
		}
		found = append(found, service)
	}
	return operations(&problems, found)
}

// OperationsOf is [Operations] for services that are not registered, because the
// program has them from elsewhere. With what types their options have been read does
// not matter.
func OperationsOf(services ...protoreflect.ServiceDescriptor) ([]scopes.Operation, error) {
	return operations(new(configerr.List), services)
}

func operations(problems *configerr.List, services []protoreflect.ServiceDescriptor) ([]scopes.Operation, error) {
	c := collector{problems: problems, index: make(map[string]int)}
	for _, service := range services {
		c.add(service)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if len(c.operations) == 0 {
		return nil, &ConfigError{Field: "services", Reason: "required: services with methods"}
	}
	if _, err := scopes.NewPolicy(c.operations...); err != nil {
		return nil, err
	}
	return c.operations, nil
}

// A collector makes operations of methods.
type collector struct {
	problems   *configerr.List
	operations []scopes.Operation
	rules      []*bearerguardv1.Rule // of the operations
	index      map[string]int        // of operations, by name
}

func (c *collector) add(service protoreflect.ServiceDescriptor) {
	fallback := c.rule(string(service.FullName()), service, bearerguardv1.E_ServiceRule)
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		fullMethod := fmt.Sprintf("/%s/%s", service.FullName(), method.Name())
		rule := c.rule(fullMethod, method, bearerguardv1.E_Rule)
		if rule == nil {
			rule = fallback
		}
		if rule == nil {
			c.problems.Add(fullMethod, "no rule: write option (bearerguard.v1.rule) = {requires: \"…\"}, or {public: true}")
			continue
		}
		c.bind(fullMethod, string(method.FullName()), rule)
	}
}

// rule returns what the option says; nil: there is none. The options are read once
// more with the types of this program, because those who have made the descriptor
// may have read them with none, or with types made at run time.
func (c *collector) rule(field string, d protoreflect.Descriptor, option protoreflect.ExtensionType) *bearerguardv1.Rule {
	options := d.Options().ProtoReflect().New().Interface()
	encoded, err := proto.MarshalOptions{AllowPartial: true}.Marshal(d.Options())
	if err == nil {
		err = proto.UnmarshalOptions{AllowPartial: true}.Unmarshal(encoded, options)
	}
	if err != nil {
		c.problems.Add(field, "the options cannot be read: the rule is of another form")
		return nil
	}
	if !proto.HasExtension(options, option) {
		return nil
	}
	rule := proto.GetExtension(options, option).(*bearerguardv1.Rule)
	// A field of a later version may be there to ask for more. To pass over it
	// would be to ask for less than what is written.
	c.problems.Check(len(rule.ProtoReflect().GetUnknown()) == 0, field, "the rule has fields that this version of the options does not know")
	return rule
}

// bind adds a method to its operation.
func (c *collector) bind(fullMethod, name string, rule *bearerguardv1.Rule) {
	if rule.GetOperation() != "" {
		name = rule.GetOperation()
	}
	if i, ok := c.index[name]; ok {
		c.problems.Check(proto.Equal(rule, c.rules[i]), fullMethod,
			fmt.Sprintf("operation %q has another rule at %s", name, c.operations[i].GRPC[0]))
		c.operations[i].GRPC = append(c.operations[i].GRPC, fullMethod)
		return
	}
	o := scopes.Operation{
		Name:     name,
		Public:   rule.GetPublic(),
		Optional: rule.GetOptional(),
		Shadow:   rule.GetShadow(),
		GRPC:     []string{fullMethod},
	}
	if text := rule.GetRequires(); text != "" {
		requirement, err := scopes.ParseRequirement(text)
		if err != nil {
			c.problems.Add(fullMethod, fmt.Sprintf("requires: %v", err))
		}
		o.Requirement = requirement
	}
	c.index[name] = len(c.operations)
	c.operations = append(c.operations, o)
	c.rules = append(c.rules, rule)
}
