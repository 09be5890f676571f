// Signs that are put around sentences that no document proves, before the Markdown is read.

// They count as punctuation, so that emphasis that ends beside them is still one.
export const BEGIN = '⦗'
export const END = '⦘'
const SIGNS = /[⦗⦘]/g
// What stands before a sentence and makes it an item, a quote, a heading or a cell.
const LEAD = /^[\s>*+|#-]*(?:\d{1,3}[.)]\s+)?/

export const bare = (text) => text.replace(SIGNS, '')

// Return the text with signs around each sentence of `support` that is not supported; its offsets
// count code points.
export function mark(text, support) {
  const open = (support ?? []).filter((sentence) => sentence.supported === false)
  const plain = text.replaceAll(BEGIN, '(').replaceAll(END, ')')
  if (!open.length) return plain
  const points = Array.from(plain)
  let marked = ''
  let at = 0
  for (const { start, end } of [...open].sort((one, other) => one.start - other.start)) {
    if (start < at) continue
    const said = points.slice(start, end).join('')
    const lead = LEAD.exec(said)[0]
    const body = said.slice(lead.length)
    // The end of a row is none of its last cell.
    const words = body.replace(/[\s|]+$/, '')
    marked += points.slice(at, start).join('') + lead + BEGIN + words + END
    marked += body.slice(words.length)
    at = end
  }
  return marked + points.slice(at).join('')
}
