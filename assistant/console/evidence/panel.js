// The document beside the conversation, at the place that a citation names.
import { html, useEffect, useRef, useState } from '../html.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { PageView } from './page.js'
import { evidence } from './shown.js'
import { TextView } from './text.js'

export function Panel() {
  const { citation, citations } = useStore(evidence)
  return citation && html`<${Shown} citation=${citation} citations=${citations} />`
}

function Shown({ citation, citations }) {
  const title = useRef()
  const at = citations.indexOf(citation)
  useEffect(() => title.current.focus(), [citation])
  const key = (event) => {
    if (event.key === 'Escape') evidence.close()
  }
  const step = (by) => evidence.show(citations, citations[at + by])
  return html`
    <aside class="evidence" aria-label=${t('evidence.title')} onKeyDown=${key}>
      <header class="row">
        <h2 tabindex="-1" ref=${title}><bdi>${citation.filename}</bdi></h2>
        <button type="button" class="quiet" aria-label=${t('close')} onClick=${() => evidence.close()}>✕</button>
      </header>
      ${citations.length > 1 && html`
        <div class="row steps">
          <button type="button" disabled=${at < 1} onClick=${() => step(-1)}>${t('evidence.before')}</button>
          <span>[${citation.marker}] ${t('evidence.of', { n: at + 1, total: citations.length })}</span>
          <button type="button" disabled=${at >= citations.length - 1} onClick=${() => step(1)}>${t('evidence.next')}</button>
        </div>`}
      <${About} citation=${citation} />
      ${!citation.deleted && html`<${Place} key=${key_of(citation)} citation=${citation} />`}
    </aside>
  `
}

const key_of = (citation) => `${citation.document_id}.${citation.generation}.${citation.start}`

function About({ citation }) {
  if (citation.deleted) return html`<p class="note">${t('evidence.was_deleted')}</p>`
  return html`
    ${citation.headings?.length > 0 && html`<p class="path" dir="auto">${citation.headings.join(' › ')}</p>`}
    ${citation.quote && html`<blockquote class="quote" dir="auto">${citation.quote}</blockquote>`}
    ${citation.ocr && html`<p class="note">${t('evidence.scanned', { percent: Math.round((citation.confidence ?? 0) * 100) })}</p>`}
  `
}

// A page as a picture where there is one, else the text; either can be asked for.
function Place({ citation }) {
  const [asText, setAsText] = useState(!citation.page)
  return html`
    ${citation.page && html`
      <div class="row">
        <button type="button" class="quiet" aria-pressed=${asText} onClick=${() => setAsText(!asText)}>${t('evidence.as_text')}</button>
      </div>`}
    ${asText
      ? html`<${TextView} citation=${citation} />`
      : html`<${PageView} citation=${citation} onNone=${() => setAsText(true)} />`}
  `
}
