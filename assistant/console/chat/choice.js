// What the next question is asked with: a model, a temperature, and what it is answered from.
import { get, page } from '../api.js'
import { Store } from '../store.js'

export const NOTHING = 'nothing'
export const ALL = 'all'
export const CHOSEN = 'chosen'

class Choice extends Store {
  models = []
  model = ''
  temperature = ''
  from = NOTHING
  collections = new Map()
  documents = new Map()
  problem = null
  #isLoaded = false

  async load() {
    if (this.#isLoaded) return
    this.#isLoaded = true
    try {
      const [models, ready] = await Promise.all([
        get('/models'),
        page('/documents', { status: 'ready', limit: 1 }),
      ])
      this.models = models
      // Whoever has documents wants answers from them.
      if (ready.items.length) this.from = ALL
      this.problem = null
    } catch (problem) {
      this.#isLoaded = false
      this.problem = problem
    }
    this.changed()
  }

  // A document became searchable for the first time.
  offerDocuments() {
    if (this.from === NOTHING) this.set({ from: ALL })
  }

  set(values) {
    Object.assign(this, values)
    this.changed()
  }

  pick(kind, id, name) {
    const picked = new Map(this[kind])
    if (!picked.delete(id)) picked.set(id, name)
    this.set({ [kind]: picked })
  }

  get names() {
    return [...this.collections.values(), ...this.documents.values()]
  }

  // The members of a request; what is left out is the conversation's, or as it was before.
  get ofReply() {
    const temperature = this.temperature === '' ? null : Number(this.temperature)
    return { ...(this.model && { model: this.model }), ...(temperature !== null && { temperature }) }
  }

  get ofQuestion() {
    if (this.from === CHOSEN && this.names.length) {
      const ids = {
        collection_ids: [...this.collections.keys()],
        document_ids: [...this.documents.keys()],
      }
      return { ...this.ofReply, use_documents: true, ...ids }
    }
    return { ...this.ofReply, use_documents: this.from !== NOTHING }
  }
}

export const choice = new Choice()
