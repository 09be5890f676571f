// Files on their way to the server, a few at a time, with how much of each has arrived.
import { pause, random } from '../api.js'
import { problemOf, unreachable } from '../problems.js'
import { session } from '../session.js'
import { Store } from '../store.js'

const AT_ONCE = 3
const TRIES = 3
const PAUSE = 1000
const BETWEEN_DRAWINGS = 100

class Uploads extends Store {
  items = []
  #sending = 0
  #timer = null

  // Send files into a collection; `accepted` hears of each job.
  add(files, collectionId, accepted) {
    for (const file of files) {
      const item = { id: random(), file, collectionId, accepted, sent: 0, problem: null }
      this.items = [...this.items, item]
    }
    this.#next()
  }

  retry(item) {
    item.problem = null
    item.isBegun = false
    this.#next()
  }

  dismiss(item) {
    item.xhr?.abort()
    this.items = this.items.filter((one) => one !== item)
    this.#soon()
  }

  #next() {
    const item = this.items.find((one) => !one.isBegun)
    this.#soon()
    if (!item || this.#sending >= AT_ONCE) return
    item.isBegun = true
    this.#sending += 1
    this.#deliver(item).finally(() => {
      this.#sending -= 1
      this.#next()
    })
    this.#next()
  }

  async #deliver(item) {
    // The same key each time: what had arrived after all is not there twice.
    item.key ??= random()
    for (let left = TRIES - 1; ; left -= 1) {
      try {
        const job = await send(item, () => this.#soon())
        this.dismiss(item)
        item.accepted(job)
        return
      } catch (problem) {
        const again = problem.status === 0 || problem.status === 429 || problem.status === 401
        if (!again || !left || !this.items.includes(item)) {
          item.problem = problem
          return
        }
        await pause((problem.retryAfter ?? 1) * PAUSE)
      }
    }
  }

  #soon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.changed()
    }, BETWEEN_DRAWINGS)
  }
}

// Only the older kind of request tells how much of it was sent.
async function send(item, moved) {
  const token = await session.token()
  const form = new FormData()
  form.append('file', item.file, item.file.name)
  if (item.collectionId) form.append('collection_id', item.collectionId)
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    item.xhr = xhr
    xhr.open('POST', '/api/v1/documents')
    xhr.setRequestHeader('Authorization', `Bearer ${token}`)
    xhr.setRequestHeader('Idempotency-Key', item.key)
    xhr.upload.onprogress = (event) => {
      item.sent = event.total ? event.loaded / event.total : 0
      moved()
    }
    xhr.onload = () => {
      if (xhr.status === 401) session.refuse(token)
      const headers = { get: (name) => xhr.getResponseHeader(name) }
      if (xhr.status < 300) resolve(JSON.parse(xhr.responseText))
      else reject(problemOf(xhr.status, xhr.responseText, headers))
    }
    xhr.onerror = xhr.onabort = () => reject(unreachable())
    xhr.send(form)
  })
}

export const uploads = new Uploads()
