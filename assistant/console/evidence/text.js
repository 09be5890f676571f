// The text of a document around a slice, which is marked.
import { get } from '../api.js'
import { html, useEffect, useRef, useState } from '../html.js'
import { Trouble } from '../parts/dialog.js'
import { t } from '../words.js'

const AROUND = 1500

export function TextView({ citation }) {
  const [bounds, setBounds] = useState([
    Math.max(0, citation.start - AROUND),
    citation.end + AROUND,
  ])
  const [slice, setSlice] = useState(null)
  const [problem, setProblem] = useState(null)
  const [start, end] = bounds
  useEffect(() => {
    const query = { start, end, generation: citation.generation }
    get(`/documents/${citation.document_id}/text`, query).then(setSlice, setProblem)
  }, [start, end])
  if (!slice) return html`<${Trouble} problem=${problem} />`
  return html`
    <${Trouble} problem=${problem} />
    ${slice.start > 0 && html`<button type="button" onClick=${() => setBounds([Math.max(0, start - 4 * AROUND), end])}>${t('evidence.more_before')}</button>`}
    <${Marked} slice=${slice} citation=${citation} />
    ${slice.end < slice.total && html`<button type="button" onClick=${() => setBounds([start, end + 4 * AROUND])}>${t('evidence.more_behind')}</button>`}
  `
}

function Marked({ slice, citation }) {
  const place = useRef()
  useEffect(() => place.current?.scrollIntoView({ block: 'center' }), [citation])
  // Offsets count code points, and the strings of a browser do not.
  const points = Array.from(slice.text)
  const part = (from, to) => points.slice(Math.max(0, from), Math.max(0, to)).join('')
  const from = citation.start - slice.start
  const to = citation.end - slice.start
  return html`
    <div class="text" dir="auto" tabindex="0" role="group" aria-label=${t('evidence.text')}>${part(0, from)}${to > from && html`<mark ref=${place}>${part(from, to)}</mark>`}${part(to, points.length)}</div>
  `
}
