// A model's Markdown becomes elements of a closed list; no text of it ever becomes HTML.
import { html } from '../html.js'
import { Marked } from '../vendor/marked.js'
import { t } from '../words.js'
import { Code } from './code.js'
import { BEGIN, END, bare } from './marks.js'

// Definitions of links are shown as they stand: they would turn the marker [1] into a link.
const marked = new Marked({ gfm: true, breaks: true, tokenizer: { def: () => undefined } })
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }
const PIECES = new RegExp(`(\\[\\d{1,3}\\]|${BEGIN}|${END})`)
const ALIGNED = { left: 'start', center: 'middle', right: 'end' }

// What is nested deeper is no text; to read it or to draw it would exhaust the stack.
const DEEPEST = 100

// Return the blocks of a text; where it is too deep, one with all of it as it stands.
export function tokensOf(text) {
  try {
    const tokens = marked.lexer(text)
    if (!isTooDeep(tokens)) return tokens
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return [{ type: 'plain', raw: text }]
}

function isTooDeep(tokens) {
  let level = tokens
  for (let depth = 0; level.length; depth += 1) {
    if (depth > DEEPEST) return true
    level = level.flatMap(within)
  }
  return false
}

const within = ({ tokens = [], items = [], header = [], rows = [] }) =>
  tokens.concat(items, header, ...rows)

// `cite` makes what stands for a marker, or null where there is no such citation.
export const contextOf = (cite) => ({ cite, marking: false })

export const blocks = (tokens, context) =>
  tokens.map((token) => block(token, context)).filter((element) => element !== null)

export function block(token, context) {
  // A sentence ends where its block does, whatever became of the sign at its end.
  context.marking = false
  switch (token.type) {
    case 'space':
    case 'checkbox':
      return null
    case 'heading':
      return heading(token, context)
    case 'paragraph':
      return html`<p dir="auto">${inline(token.tokens, context)}</p>`
    case 'text':
      return html`<span dir="auto">${inline(token.tokens ?? [token], context)}</span>`
    case 'code':
      return html`<${Code} text=${bare(token.text)} language=${bare(token.lang ?? '')} />`
    case 'blockquote':
      return html`<blockquote dir="auto">${blocks(token.tokens, context)}</blockquote>`
    case 'list':
      return list(token, context)
    case 'table':
      return table(token, context)
    case 'hr':
      return html`<hr />`
    default:
      // HTML is shown as it was written, as is whatever else there may be.
      return html`<p dir="auto" class="asis">${bare(token.raw)}</p>`
  }
}

// The page has a heading of the first level, and each message one of the second.
function heading(token, context) {
  const words = inline(token.tokens, context)
  if (token.depth === 1) return html`<h3 dir="auto">${words}</h3>`
  if (token.depth === 2) return html`<h4 dir="auto">${words}</h4>`
  return html`<h5 dir="auto">${words}</h5>`
}

function list(token, context) {
  const items = token.items.map((item) => {
    const done = item.checked ? '☑ ' : '☐ '
    return html`<li dir="auto">${item.task ? done : ''}${blocks(item.tokens, context)}</li>`
  })
  if (!token.ordered) return html`<ul>${items}</ul>`
  return html`<ol start=${Number(token.start) || 1}>${items}</ol>`
}

function table(token, context) {
  const cell = (found, name) => {
    const aligned = ALIGNED[found.align] ?? 'start'
    const words = inline(found.tokens, context)
    return name === 'th'
      ? html`<th scope="col" dir="auto" class=${aligned}>${words}</th>`
      : html`<td dir="auto" class=${aligned}>${words}</td>`
  }
  const row = (cells, name) => {
    context.marking = false
    return html`<tr>${cells.map((found) => cell(found, name))}</tr>`
  }
  return html`
    <div class="scrolls" tabindex="0" role="group" aria-label=${t('chat.table')}>
      <table>
        <thead>${row(token.header, 'th')}</thead>
        <tbody>${token.rows.map((cells) => row(cells, 'td'))}</tbody>
      </table>
    </div>
  `
}

const inline = (tokens, context) => tokens.map((token) => span(token, context))

function span(token, context) {
  switch (token.type) {
    case 'strong':
      return html`<strong>${inline(token.tokens, context)}</strong>`
    case 'em':
      return html`<em>${inline(token.tokens, context)}</em>`
    case 'del':
      return html`<del>${inline(token.tokens, context)}</del>`
    case 'codespan':
      return html`<code dir="ltr">${bare(token.text)}</code>`
    case 'br':
      return html`<br />`
    case 'link':
      return link(token, inline(token.tokens, context))
    case 'image':
      // A picture from elsewhere would tell its server that this was read, and what it has in its
      // address; so it is named.
      return link(token, `🖼 ${bare(token.text || token.href)}`)
    case 'escape':
      return plain(token.text, context)
    case 'text':
      return token.tokens ? inline(token.tokens, context) : plain(entities(token.text), context)
    default:
      return plain(token.raw, context)
  }
}

function link(token, words) {
  const address = safe(bare(token.href))
  if (!address) return html`<span class="asis">${bare(token.raw)}</span>`
  return html`<a href=${address} target="_blank" rel="noopener noreferrer" title=${address}>${words}</a>`
}

// Return an address that leads out of here and runs nothing; null for any other.
export function safe(address) {
  try {
    const url = new URL(address)
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null
  } catch {
    return null
  }
}

const entities = (text) =>
  text.replace(/&(amp|lt|gt|quot|apos|nbsp);|&#(\d{1,7});/g, (whole, name, code) => {
    if (name) return ENTITIES[name]
    return Number(code) > 31 && Number(code) < 0x110000 ? String.fromCodePoint(code) : whole
  })

// Text with its markers, and with a mark around what no document says.
function plain(text, context) {
  return text.split(PIECES).map((piece) => {
    if (piece === BEGIN || piece === END) {
      context.marking = piece === BEGIN
      return piece === END && html`<span class="flag" role="img" aria-label=${t('support.none')}>⚠</span>`
    }
    const marker = /^\[(\d+)\]$/.exec(piece)
    const cited = marker && context.cite(Number(marker[1]))
    if (cited) return cited
    if (!piece) return null
    return context.marking ? html`<span class="unproved">${piece}</span>` : piece
  })
}
