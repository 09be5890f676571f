// Who is signed in. The access token is in this module's memory and nowhere else.
import { problemOf, unreachable } from './problems.js'
import * as renewal from './renewal.js'
import { Store } from './store.js'

const API = '/api/v1'
// So many seconds before its end a token is changed for a new one.
const EARLY = 30

class Session extends Store {
  user = null
  isOver = false
  #token = null
  #endsAt = 0
  #renewing = null
  #before = null

  // Take up the session of before a reload, if there is one.
  async restore() {
    if (!renewal.mayRenew()) return
    if (await this.token()) await this.#learn()
  }

  async signIn(username, password) {
    const answer = await send('/auth/token', { username, password, ...renewal.wish })
    renewal.keep(answer)
    this.#take(answer)
    this.isOver = false
    await this.#learn()
  }

  async register(values) {
    await send('/auth/register', values)
    await this.signIn(values.username, values.password)
  }

  async signOut() {
    // The cookie outlives access tokens, and says enough; without one, the token has to be good.
    const token = renewal.isByCookie() ? null : await this.token().catch(() => null)
    this.#forget()
    // It is forgotten here whatever the server says; there it ends by itself.
    await fetch(`${API}/auth/logout`, {
      method: 'POST',
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      credentials: 'same-origin',
    }).catch(() => {})
    // Nothing that was shown outlasts the session.
    location.replace('/app')
  }

  // Return an access token that is good for a while; null if nobody is signed in.
  async token() {
    if (this.#token && Date.now() < this.#endsAt) return this.#token
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null
    })
    await this.#renewing
    return this.#token
  }

  // The user has changed.
  know(user) {
    this.user = user
    this.changed()
  }

  // The server does not take this token, whatever its age.
  refuse(token) {
    if (this.#token === token) this.#endsAt = 0
  }

  async #renew() {
    // Of several tabs one at a time: a refresh token that is used twice ends the session.
    const alone = navigator.locks
      ? (work) => navigator.locks.request('assistant.refresh', work)
      : (work) => work()
    const tokens = await alone(renewal.renew)
    if (tokens) this.#take(tokens)
    else if (this.user) this.#forget({ isOver: true })
    else this.#token = null
  }

  #take(tokens) {
    // Somebody else has signed in in another tab; what is shown here is not theirs.
    if (this.user && subject(tokens.access_token) !== this.user.id) location.reload()
    this.#token = tokens.access_token
    this.#endsAt = Date.now() + (tokens.expires_in - EARLY) * 1000
  }

  #forget({ isOver = false } = {}) {
    this.#token = this.user = null
    this.isOver = isOver
    renewal.forget()
    this.changed()
  }

  async #learn() {
    const headers = { Authorization: `Bearer ${this.#token}` }
    const user = await read(await fetch(`${API}/auth/me`, { headers, credentials: 'omit' }))
    // What another user has seen here is still in the memory of the page.
    if (this.#before && this.#before !== user.id) location.reload()
    this.user = user
    this.#before = user.id
    this.changed()
  }
}

const subject = (token) =>
  JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).sub

async function read(answer) {
  const body = await answer.text()
  if (!answer.ok) throw problemOf(answer.status, body, answer.headers)
  return JSON.parse(body)
}

async function send(path, values) {
  const answer = await fetch(API + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(values),
    credentials: 'same-origin',
  }).catch(() => {
    throw unreachable()
  })
  return answer.status === 204 ? null : read(answer)
}

export const setForgotten = (values) => send('/auth/password', values)

export const options = async () =>
  read(await fetch(`${API}/auth/options`, { credentials: 'omit' }))

export const session = new Session()
