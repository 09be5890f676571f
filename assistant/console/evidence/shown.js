// Which citation, or which document, is shown beside the conversation.
import { Store } from '../store.js'

class Evidence extends Store {
  citations = []
  citation = null
  #opener = null

  show(citations, citation) {
    this.#opener ??= document.activeElement
    this.citations = citations
    this.citation = citation
    this.changed()
  }

  // Show a document from its beginning.
  showDocument(found) {
    const begin = { marker: null, document_id: found.id, filename: found.filename, start: 0, end: 0 }
    this.show([], { ...begin, generation: found.generation, page: found.page_count ? 1 : null })
  }

  close() {
    if (!this.citation) return
    this.citation = null
    this.citations = []
    this.changed()
    if (this.#opener?.isConnected) this.#opener.focus()
    this.#opener = null
  }
}

export const evidence = new Evidence()
