// A service that is called with an access token (RFC 9068), in JavaScript: node verify.mjs ISSUER AUDIENCE TOKEN
//
// Keys: createRemoteJWKSet keeps the key set for `cacheMaxAge`, the max-age of the JWKS, so that a withdrawn key is not
// trusted for longer. An unknown kid means that the keys have rotated: it fetches once more, but not within
// `cooldownDuration` of the last time, or whoever sends invented kids makes this service fetch for each of them.
import { createRemoteJWKSet, jwtVerify } from 'jose'

async function discover(issuer) {
  const url = new URL(issuer) // RFC 8414 section 3.1: the well-known part goes before the issuer's path
  url.pathname = '/.well-known/oauth-authorization-server' + url.pathname.replace(/\/$/, '')
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`the metadata answers ${response.status}`)
  const metadata = await response.json()
  if (metadata.issuer !== issuer) throw new Error('the metadata is of another issuer')
  return metadata
}

async function verify(keys, issuer, audience, token) {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    typ: 'at+jwt', // else another kind of token of the same issuer would pass
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
    clockTolerance: 5,
  })
  return payload
}

const [issuer, audience, token] = process.argv.slice(2)
try {
  const { jwks_uri } = await discover(issuer)
  // One for the whole service.
  const keys = createRemoteJWKSet(new URL(jwks_uri), { cacheMaxAge: 300_000, cooldownDuration: 30_000 })
  console.log(JSON.stringify(await verify(keys, issuer, audience, token)))
} catch (reason) {
  console.error(`${reason.code ?? reason.name}: ${reason.message}`)
  process.exitCode = 1
}
