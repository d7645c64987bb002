// Package onepolicy holds against each other the four ways in which the policy of
// the orders APIs is written: in Go, which is what the programs run on; in YAML
// (policy.yaml); in the OpenAPI document of the HTTP API; and in the options of the
// gRPC service. There is nothing in it but that test.
package onepolicy
