// A text that grows: what is behind is drawn once, and only its last block again.
import { html } from '../html.js'
import { block, tokensOf } from './markdown.js'
import { mark } from './marks.js'

export class Growing {
  #settled = ''
  #elements = []

  constructor(context) {
    this.context = context
  }

  // Return the elements of the text as it is now; those that cannot change are the same objects.
  draw(whole) {
    const text = mark(whole)
    if (!text.startsWith(this.#settled)) {
      this.#settled = ''
      this.#elements = []
    }
    const rest = text.slice(this.#settled.length)
    const tokens = tokensOf(rest)
    const last = tokens.findLastIndex((token) => token.type !== 'space')
    const before = tokens.slice(0, Math.max(last, 0))
    const raw = before.map((token) => token.raw).join('')
    // Where the parser changed what it read, nothing settles, and all is drawn again.
    if (!rest.startsWith(raw)) return this.#whole(tokens)
    this.#elements = [...this.#elements, ...this.#drawn(before, this.#elements.length)]
    this.#settled += raw
    return [...this.#elements, ...this.#drawn(tokens.slice(before.length), this.#elements.length)]
  }

  #whole(tokens) {
    return [...this.#elements, ...this.#drawn(tokens, this.#elements.length)]
  }

  #drawn(tokens, first) {
    const elements = tokens.map((token) => block(token, this.context))
    return elements
      .filter((element) => element !== null)
      .map((element, index) => html`<${Block} key=${first + index} element=${element} />`)
  }
}

const Block = ({ element }) => element
