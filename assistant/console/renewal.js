// How a session outlives its access token. Everything that knows of refresh tokens is here.
//
// They are asked for as a cookie, which no script can read. A server that knows no such cookie
// sends the token itself; it is then in this tab's storage, and that way can go with those servers.
import { unreachable } from './problems.js'

const KEY = 'assistant.refresh'
const COOKIE = 'cookie'
// A tab that was duplicated has the same token; each works once, so whoever uses it tells.
const others = new BroadcastChannel(KEY)

others.onmessage = ({ data }) => {
  if (sessionStorage.getItem(KEY) === data.used) sessionStorage.setItem(KEY, data.token)
}

// What a sign-in asks for.
export const wish = { cookie: true }

export function keep(tokens) {
  if (tokens.refresh_token) sessionStorage.setItem(KEY, tokens.refresh_token)
  // All tabs have the cookie, and none can see it.
  else localStorage.setItem(KEY, COOKIE)
}

export function forget() {
  sessionStorage.removeItem(KEY)
  localStorage.removeItem(KEY)
}

export const isByCookie = () =>
  sessionStorage.getItem(KEY) === null && localStorage.getItem(KEY) === COOKIE

export const mayRenew = () => sessionStorage.getItem(KEY) !== null || isByCookie()

// Return new tokens; null if the session is over.
export async function renew() {
  if (!mayRenew()) return null
  const used = sessionStorage.getItem(KEY)
  const answer = await fetch('/api/v1/auth/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(used ? { refresh_token: used } : {}),
    credentials: 'same-origin',
  }).catch(() => {
    throw unreachable()
  })
  if (answer.ok) {
    const tokens = await answer.json()
    keep(tokens)
    if (used) others.postMessage({ used, token: tokens.refresh_token })
    return tokens
  }
  if (answer.status >= 500 || answer.status === 429) throw unreachable()
  forget()
  return null
}
