// Requests to the public API, with the access token, and again where that is safe.
import { Problem, isAbort, problemOf, unreachable } from './problems.js'
import { session } from './session.js'

const API = '/api/v1'
const TRIES = 3
const PAUSE = 700

export const pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

// A random value; `crypto.randomUUID` is missing where a page came by plain HTTP.
export const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')

// Addresses in answers begin with PUBLIC_URL if it is set, and lead here however this was found.
function placeOf(path) {
  const { pathname, search } = new URL(path, location.href)
  const isWhole = /^https?:/.test(path)
  const own = isWhole ? pathname.slice(pathname.indexOf('/api/')) : pathname
  return new URL((own.startsWith('/api/') ? own : API + own) + search, location.origin)
}

// Send a request once, and again only if the token had ended; return the answer.
export async function request(method, path, { body, headers = {}, query, signal } = {}) {
  const place = placeOf(path)
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') place.searchParams.set(name, value)
  }
  const typed = body === undefined || body instanceof FormData
  const sent = typed ? body : JSON.stringify(body)
  const type = typed ? {} : { 'Content-Type': 'application/json' }
  for (const isLast of [false, true]) {
    const token = await session.token()
    if (!token) throw new Problem({ status: 401, code: 'signed_out' })
    const answer = await fetch(place, {
      method,
      headers: { ...type, ...headers, Authorization: `Bearer ${token}` },
      body: sent,
      signal,
      credentials: 'omit',
      cache: 'no-store',
    }).catch((error) => {
      throw isAbort(error) ? error : unreachable()
    })
    if (answer.ok) return answer
    if (answer.status === 401 && !isLast) session.refuse(token)
    else throw problemOf(answer.status, await answer.text(), answer.headers)
  }
}

// Send a request whose answer may get lost: reading is repeated, and so is a POST, with its key.
async function persist(method, path, given) {
  const key = method === 'POST' ? { 'Idempotency-Key': random() } : {}
  const options = { ...given, headers: { ...key, ...given.headers } }
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await request(method, path, options)
    } catch (error) {
      const again = error.status === 0 && (method === 'GET' || method === 'POST')
      if (!again || !left) throw error
      await pause(PAUSE, given.signal)
    }
  }
}

export async function call(method, path, given = {}) {
  const answer = await persist(method, path, given)
  return answer.status === 204 ? null : answer.json()
}

export const get = (path, query, signal) => call('GET', path, { query, signal })
export const post = (path, body) => call('POST', path, { body })
export const patch = (path, body) => call('PATCH', path, { body })
export const remove = (path) => call('DELETE', path)

// Return a page of a list, and the path of the next one, if there is one.
export async function page(path, query, signal) {
  const answer = await persist('GET', path, { query, signal })
  const next = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get('Link') ?? '')
  return { items: await answer.json(), next: next ? next[1] : null }
}
