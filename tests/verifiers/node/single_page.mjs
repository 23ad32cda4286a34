// A single-page application that signs people in by itself, with nothing but oidc-client-ts: no secret, no server of its own.
//
// Beside it lies settings.json with the issuer and the client's id. What it has done it shows in #done, what it knows in #known.
const { authority, client_id } = await (await fetch('/settings.json')).json()
const manager = new window.oidc.UserManager({
  authority,
  client_id,
  scope: 'openid profile email offline_access',
  redirect_uri: `${location.origin}/callback`,
  silent_redirect_uri: `${location.origin}/callback`,
  post_logout_redirect_uri: `${location.origin}/bye`,
  loadUserInfo: true,
  revokeTokensOnSignout: true, // a refresh token outlives the session; whoever leaves takes it along
  automaticSilentRenew: false,
})

const show = (id, what) => (document.getElementById(id).textContent = what)

async function does(name, act) {
  show('done', '')
  try {
    const result = await act()
    const user = await manager.getUser()
    show('known', JSON.stringify({ state: result?.url_state ?? result?.userState ?? null, user }))
    show('done', name)
  } catch (reason) {
    show('done', `${name}: ${reason.error ?? reason.name}: ${reason.message}`)
  }
}

const press = (id, act) => document.getElementById(id).addEventListener('click', () => does(id, act))
press('sign-in', () => manager.signinRedirect({ url_state: 'where it was' }))
press('renew', () => manager.signinSilent())
press('ask-silently', () => manager.signinSilent({ forceIframeAuth: true }))
press('sign-out', () => manager.signoutRedirect({ state: 'where it was' }))

if (location.pathname === '/callback') await does('signed-in', () => manager.signinCallback())
else if (location.pathname === '/bye') await does('signed-out', () => manager.signoutCallback())
else show('done', 'ready')
