// Jobs as they are listed, and looked at again while any of them is open.
import { page, post } from '../api.js'
import { Store } from '../store.js'

const BETWEEN_LOOKS = 2000
export const OPEN = ['queued', 'running']

class Work extends Store {
  items = []
  next = null
  state = ''
  problem = null
  isLoaded = false
  #timer = null
  #asked = 0

  open() {
    this.load()
    this.#timer ??= setInterval(() => {
      // Whoever has asked for more is reading, and loses nothing.
      const isShort = this.items.length <= 100
      if (document.visibilityState === 'visible' && isShort) this.load()
    }, BETWEEN_LOOKS)
  }

  close() {
    clearInterval(this.#timer)
    this.#timer = null
  }

  async load() {
    const mine = (this.#asked += 1)
    try {
      const found = await page('/jobs', { state: this.state, limit: 100 })
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
    this.#asked += 1
    const found = await page(this.next)
    this.items = [...this.items, ...found.items]
    this.next = found.next
    this.changed()
  }

  narrow(state) {
    this.state = state
    return this.load()
  }

  async cancel(job) {
    await post(`/jobs/${job.id}/cancel`)
    await this.load()
  }

  async retry(job) {
    await post(`/jobs/${job.id}/retry`)
    await this.load()
  }
}

export const work = new Work()
