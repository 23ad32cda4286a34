// A web application that signs people in, in JavaScript: node sign_in.mjs ISSUER CLIENT_ID SECRET REDIRECT_URI METHOD
// For the method private_key_jwt the secret is a private key on P-256, as a JWK.
//
// It prints where the browser is to go, reads where the browser was sent back to, and prints what it knows then.
import { createInterface } from 'node:readline'
import * as oidc from 'openid-client'

const [issuer, clientId, secret, redirectUri, method] = process.argv.slice(2)
try {
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, await proof(), {
    execute: [oidc.allowInsecureRequests], // the issuer of a test is on a loopback host
  })
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  console.log(url.href)

  const answer = await firstLine()
  const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  const tokens = await oidc.authorizationCodeGrant(config, new URL(answer), checks)
  const claims = tokens.claims()
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  const known = await oidc.tokenIntrospection(config, next.access_token)
  await oidc.tokenRevocation(config, next.refresh_token)
  console.log(JSON.stringify({ claims, userinfo, active: known.active, access_token: next.access_token }))
} catch (reason) {
  console.error(`${reason.code ?? reason.name}: ${reason.message} ${JSON.stringify(reason.cause ?? null)}`)
  process.exitCode = 1
}

async function proof() {
  if (method === 'client_secret_jwt') return oidc.ClientSecretJwt(secret)
  if (method !== 'private_key_jwt') return oidc.ClientSecretBasic(secret)
  const jwk = JSON.parse(secret)
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return oidc.PrivateKeyJwt({ key, kid: jwk.kid })
}

function firstLine() {
  const lines = createInterface({ input: process.stdin })
  return new Promise((resolve, reject) => {
    lines.once('line', resolve)
    lines.once('close', () => reject(new Error('the browser did not come back')))
  }).finally(() => lines.close())
}
