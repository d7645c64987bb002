// Package recipes shows the configuration for the tokens of common authorization
// servers: Keycloak, Auth0, Okta, Microsoft Entra ID, Amazon Cognito, Ory Hydra
// and Zitadel. Each recipe is an example over the shapes of that server's
// tokens, good ones and others, which are in testdata; README.md explains them.
//
// There is nothing in here to import: copy the configuration.
package recipes
