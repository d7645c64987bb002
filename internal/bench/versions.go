package main

import (
	"runtime/debug"
	"slices"
	"strings"
)

// compared are the modules that the columns stand for.
var compared = []string{
	"github.com/golang-jwt/jwt/v5",
	"github.com/MicahParks/keyfunc/v3",
	"github.com/coreos/go-oidc/v3",
	"github.com/lestrrat-go/jwx/v2",
	"github.com/lestrrat-go/jwx/v3",
	"github.com/go-jose/go-jose/v4",
	"github.com/auth0/go-jwt-middleware/v2",
	"github.com/auth0/go-jwt-middleware/v3",
	"github.com/modelcontextprotocol/go-sdk",
	"github.com/labstack/echo-jwt/v4",
	"github.com/labstack/echo/v4",
	"github.com/grpc-ecosystem/go-grpc-middleware/v2",
	"google.golang.org/grpc",
}

// versions lists the modules with the versions that this program was built with.
func versions() string {
	var list []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if slices.Contains(compared, module.Path) {
				list = append(list, module.Path+" "+module.Version)
			}
		}
	}
	return strings.Join(list, ", ")
}
