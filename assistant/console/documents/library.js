// Documents and collections as they are listed, and how far the work on each is.
import { get, page, patch, post, remove } from '../api.js'
import { choice } from '../chat/choice.js'
import { Store } from '../store.js'

const BETWEEN_LOOKS = 1000
const OPEN = ['queued', 'running']
const MOVING = [...OPEN, 'deleting']

class Library extends Store {
  items = []
  next = null
  collections = []
  collectionId = ''
  q = ''
  jobs = new Map()
  receipt = null
  problem = null
  isLoaded = false
  #timer = null
  #asked = 0
  #awaited = false

  async open() {
    await Promise.all([this.load(), this.loadCollections()])
    this.#timer ??= setInterval(() => this.#look(), BETWEEN_LOOKS)
  }

  close() {
    clearInterval(this.#timer)
    this.#timer = null
  }

  async load() {
    const mine = (this.#asked += 1)
    const query = { collection_id: this.collectionId, q: this.q, limit: 100 }
    try {
      const found = await page('/documents', query)
      if (mine !== this.#asked) return
      this.items = found.items
      this.next = found.next
      this.problem = null
    } catch (problem) {
      this.problem = problem
    }
    this.isLoaded = true
    this.changed()
  }

  async more() {
    const found = await page(this.next)
    this.items = [...this.items, ...found.items]
    this.next = found.next
    this.changed()
  }

  async loadCollections() {
    const found = []
    for (let next = '/collections'; next; ) {
      const some = await page(next)
      found.push(...some.items)
      next = some.next
    }
    this.collections = found
    this.changed()
  }

  narrow(values) {
    Object.assign(this, values)
    return this.load()
  }

  // Something was sent or asked for, so there will be something new.
  expect() {
    this.#awaited = true
    this.load()
  }

  jobOf(item) {
    return this.jobs.get(item.job_id) ?? null
  }

  // See how far open work is, in one request for all, and read the list when some has ended.
  async #look() {
    const open = this.items.filter((item) => MOVING.includes(item.status))
    if (document.visibilityState !== 'visible' || !(open.length || this.#awaited)) return
    this.#awaited = false
    const { items } = await page('/jobs', { limit: 100 }).catch(() => ({ items: [] }))
    const known = new Map(items.map((job) => [job.id, job]))
    const ended = open.some((item) => {
      const job = known.get(item.job_id)
      return item.status === 'deleting' || !job || !OPEN.includes(job.state)
    })
    this.jobs = known
    if (ended) await this.load()
    else this.changed()
    if (ended && this.items.some((item) => item.status === 'ready')) choice.offerDocuments()
  }

  async rename(item, filename) {
    await patch(`/documents/${item.id}`, { filename })
    await this.load()
  }

  async move(item, collectionId) {
    await patch(`/documents/${item.id}`, { collection_id: collectionId })
    this.expect()
  }

  async retry(item) {
    if (item.job_id && item.status !== 'ready') await post(`/jobs/${item.job_id}/retry`)
    else await post(`/documents/${item.id}/reindex`)
    this.expect()
  }

  async cancel(item) {
    await post(`/jobs/${item.job_id}/cancel`)
    this.expect()
  }

  async delete(item) {
    this.#tell(item.filename, await remove(`/documents/${item.id}`))
  }

  async deleteCollection(collection) {
    const job = await remove(`/collections/${collection.id}`)
    this.collectionId = ''
    this.#tell(collection.name, job)
    await this.loadCollections()
  }

  async #tell(name, job) {
    this.expect()
    try {
      const ended = await get(`/jobs/${job.id}`, { wait: 60 })
      this.receipt = ended.state === 'succeeded' ? { name, ...ended.result } : null
      await this.loadCollections()
    } catch (problem) {
      this.problem = problem
    }
    await this.load()
  }

  async createCollection(name) {
    const made = await post('/collections', { name })
    await this.loadCollections()
    await this.narrow({ collectionId: made.id })
  }

  async renameCollection(collection, name) {
    await patch(`/collections/${collection.id}`, { name })
    await this.loadCollections()
  }
}

export const library = new Library()
