// Starts oidc-provider on loopback. Its settings are one line of JSON on standard
// input; it lives until standard input ends, and so never longer than whoever
// started it. It says "listening on URL" when it is ready.
//
//   port       to listen on; 0 takes a free one
//   tls        certificate, key and client CA as PEM; without, it is plain http
//   keys       private JWKs to sign with, one of them for ES256
//   clients    client metadata (RFC 7591)
//   resources  by resource indicator (RFC 8707): format "jwt" or "opaque", alg
//   nonces     whether DPoP proofs need a nonce (RFC 9449 §8)
//   refresh_tokens  whether an API may ask about refresh tokens
import { randomBytes } from 'node:crypto';
import { createServer as createHTTP } from 'node:http';
import { createServer as createHTTPS } from 'node:https';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import Provider, { errors } from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
const settings = JSON.parse((await once(lines, 'line'))[0]);
lines.on('close', () => process.exit(0));

// resourceServer is what makes access tokens for an API JWTs (RFC 9068), or not.
// What is thrown for an unknown one is the error invalid_target (RFC 8707 §2).
function resourceServer(indicator) {
  const resource = settings.resources[indicator];
  if (!resource) throw new errors.InvalidTarget();
  return {
    audience: indicator,
    scope: 'orders:read orders:write',
    accessTokenFormat: resource.format,
    accessTokenTTL: 300,
    ...(resource.alg && { jwt: { sign: { alg: resource.alg } } }),
  };
}

// certificate is that of the TLS connection: asked for, not demanded, and verified
// only where a client authenticates with it (RFC 8705 §2.1).
function certificate(ctx) {
  return ctx.socket.getPeerX509Certificate?.();
}

const configuration = {
  clients: settings.clients,
  jwks: { keys: settings.keys },
  // RS256, the default, would need an RSA key, also for clients that get neither.
  clientDefaults: { id_token_signed_response_alg: 'ES256', introspection_signed_response_alg: 'ES256' },
  scopes: ['openid', 'offline_access', 'orders:read', 'orders:write'],
  clientAuthMethods: [
    'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none',
    ...(settings.tls ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []),
  ],
  enabledJWA: { dPoPSigningAlgValues: ['ES256', 'EdDSA', 'PS256'] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ttl: { AccessToken: 300, ClientCredentials: 300, IdToken: 300, RefreshToken: 300, Session: 300, Grant: 300, Interaction: 300 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    dPoP: {
      enabled: true,
      ...(settings.nonces && { nonceSecret: randomBytes(32), requireNonce: () => true }),
    },
    introspection: {
      enabled: true,
      // The default also tells APIs about refresh tokens, as active ones.
      ...(!settings.refresh_tokens && { allowedPolicy: (_ctx, _client, token) => token.kind !== 'RefreshToken' }),
    },
    jwtIntrospection: { enabled: true },
    mTLS: {
      enabled: Boolean(settings.tls),
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: true,
      getCertificate: certificate,
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_san_dns'
        && certificate(ctx).checkHost(expected, { subject: 'never', wildcards: false }) !== undefined,
    },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, indicator) => resourceServer(indicator),
      // Without it a code is exchanged for a token for the userinfo endpoint, even
      // if the authorization request has named an API.
      useGrantedResource: () => true,
    },
    revocation: { enabled: true },
  },
};

const server = settings.tls
  ? createHTTPS({ ...settings.tls, requestCert: true, rejectUnauthorized: false })
  : createHTTP();
server.listen(settings.port, '127.0.0.1');
await once(server, 'listening');

const issuer = `${settings.tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, configuration);
provider.on('server_error', (_ctx, err) => console.error(err));
server.on('request', provider.callback());
console.log(`listening on ${issuer}`);
