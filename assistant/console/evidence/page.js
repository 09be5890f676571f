// A page of a document as a picture, with boxes over the words of the quote.
import { get, request } from '../api.js'
import { html, useEffect, useRef, useState } from '../html.js'
import { Trouble } from '../parts/dialog.js'
import { isAbort } from '../problems.js'
import { t } from '../words.js'

const BESIDE_THE_WORDS = 1.5
const TRIES = 4

export function PageView({ citation, onNone }) {
  const [number, turn] = useState(citation.page)
  const [page, setPage] = useState(null)
  const [problem, setProblem] = useState(null)
  useEffect(() => {
    const control = new AbortController()
    setProblem(null)
    load(citation, number, control.signal).then(setPage, (error) => {
      if (isAbort(error)) return
      // Of text that has no pages, and what was read before places were kept, there is the text.
      if (error.status === 409 || (error.status === 404 && number === citation.page)) onNone()
      else if (error.status === 404) turn(number - 1)
      else setProblem(error)
    })
    return () => control.abort()
  }, [number])
  useEffect(() => () => page && URL.revokeObjectURL(page.picture), [page])
  return html`
    <div class="row steps">
      <button type="button" disabled=${number <= 1} onClick=${() => turn(number - 1)}>${t('evidence.page_before')}</button>
      <span role="status">${t('evidence.page', { n: number })}</span>
      <button type="button" onClick=${() => turn(number + 1)}>${t('evidence.page_next')}</button>
    </div>
    <${Trouble} problem=${problem} />
    ${page ? html`<${Picture} page=${page} name=${citation.filename} />` : !problem && html`<p class="note" role="status">${t('loading')}</p>`}
  `
}

async function load(citation, number, signal) {
  const { start, end, generation, document_id: id } = citation
  const page = await get(`/documents/${id}/pages/${number}`, { start, end, generation }, signal)
  const picture = URL.createObjectURL(await drawn(`${page.image_url}&dpi=144`, signal))
  return { ...page, number, picture }
}

// A page is drawn when it is first asked for, which may take longer than an answer waits.
async function drawn(path, signal) {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await (await request('GET', path, { signal })).blob()
    } catch (error) {
      if (!left || !error.passes) throw error
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 1) * 1000))
    }
  }
}

function Picture({ page, name }) {
  const first = useRef()
  useEffect(() => first.current?.scrollIntoView({ block: 'center', inline: 'nearest' }), [page])
  const words = t('evidence.picture', { n: page.number, name })
  return html`
    <div class="paper" tabindex="0" role="group" aria-label=${words}>
      <img src=${page.picture} alt=${words} />
      <svg viewBox=${`0 0 ${page.width} ${page.height}`} aria-hidden="true">
        <g>${page.boxes.map((box, index) => html`
          <rect
            key=${index} ref=${index ? undefined : first} data-start=${box.start} data-end=${box.end}
            x=${box.left - BESIDE_THE_WORDS} y=${box.top - BESIDE_THE_WORDS}
            width=${box.right - box.left + 2 * BESIDE_THE_WORDS}
            height=${box.bottom - box.top + 2 * BESIDE_THE_WORDS} rx="1.5"
          />`)}</g>
      </svg>
    </div>
  `
}
