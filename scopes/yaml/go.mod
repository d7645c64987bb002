module github.com/bearerguard/bearerguard/scopes/yaml

go 1.26.0

require (
	github.com/bearerguard/bearerguard v0.0.0-00010101000000-000000000000
	go.yaml.in/yaml/v4 v4.0.0
)

replace github.com/bearerguard/bearerguard => ../..
