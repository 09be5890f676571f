// The list of conversations: pages, a search, other names, deletion.
import { page, patch, remove } from '../api.js'
import { Store } from '../store.js'

class Conversations extends Store {
  items = []
  next = null
  q = ''
  problem = null
  isLoaded = false
  #asked = 0

  async load() {
    const mine = (this.#asked += 1)
    try {
      const found = await page('/conversations', { q: this.q, limit: 50 })
      if (mine !== this.#asked) return
      this.#show(found.items, found.next)
    } catch (problem) {
      this.problem = problem
    }
    this.isLoaded = true
    this.changed()
  }

  async search(q) {
    this.q = q
    await this.load()
  }

  async more() {
    const mine = this.#asked
    const found = await page(this.next)
    if (mine !== this.#asked) return
    const known = new Set(this.items.map((item) => item.id))
    this.#show([...this.items, ...found.items.filter((item) => !known.has(item.id))], found.next)
    this.changed()
  }

  #show(items, next) {
    this.items = items
    this.next = next
    this.problem = null
  }

  async rename(id, title) {
    await patch(`/conversations/${id}`, { title })
    await this.load()
  }

  async delete(id) {
    await remove(`/conversations/${id}`)
    await this.load()
  }
}

export const conversations = new Conversations()
