module github.com/bearerguard/bearerguard/examples/onepolicy

go 1.26.0

require (
	github.com/bearerguard/bearerguard v0.0.0-00010101000000-000000000000
	github.com/bearerguard/bearerguard/scopes/openapi v0.0.0-00010101000000-000000000000
	github.com/bearerguard/bearerguard/scopes/yaml v0.0.0-00010101000000-000000000000
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/getkin/kin-openapi v0.152.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	github.com/go-openapi/jsonpointer v0.22.5 // indirect
	github.com/go-openapi/swag/jsonname v0.25.5 // indirect
	github.com/oasdiff/yaml v0.1.1 // indirect
	github.com/oasdiff/yaml3 v0.0.14 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // indirect
	google.golang.org/grpc v1.85.0 // indirect
)

replace (
	github.com/bearerguard/bearerguard => ../..
	github.com/bearerguard/bearerguard/scopes/openapi => ../../scopes/openapi
	github.com/bearerguard/bearerguard/scopes/yaml => ../../scopes/yaml
)
