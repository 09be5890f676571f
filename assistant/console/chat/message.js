// A question or a reply, with what can be done about it.
import { get } from '../api.js'
import { evidence } from '../evidence/shown.js'
import { time } from '../format.js'
import { Fragment, html, useEffect, useMemo, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { t } from '../words.js'
import { Copy } from './code.js'
import { Edit } from './edit.js'
import { Growing } from './growing.js'
import { blocks, contextOf, tokensOf } from './markdown.js'
import { mark } from './marks.js'
import { Sources } from './sources.js'
import { isOpen } from './thread.js'

export function Message({ message, thread, options }) {
  return message.role === 'user'
    ? html`<${Question} message=${message} thread=${thread} options=${options} />`
    : html`<${Reply} message=${message} thread=${thread} options=${options} />`
}

function Question({ message, thread, options }) {
  const [isEdited, edit] = useState(false)
  const isSent = message.status !== 'sending'
  return html`
    <article class="message question" aria-busy=${!isSent}>
      <h2 class="unseen">${t('chat.you')}</h2>
      ${isEdited
        ? html`<${Edit} message=${message} thread=${thread} options=${options} onClose=${() => edit(false)} />`
        : html`<div class="asked" dir="auto">${message.content}</div>`}
      ${isSent && !isEdited && html`
        <div class="row tools">
          <time dateTime=${message.created_at}>${time(message.created_at)}</time>
          <button type="button" class="quiet" onClick=${() => edit(true)}>${t('edit')}</button>
          <${Copy} text=${message.content} />
        </div>`}
    </article>
  `
}

function Reply({ message, thread, options }) {
  const open = isOpen(message)
  const [problem, busy, again] = useAct(() => thread.regenerate(message, options()))
  return html`
    <article class="message reply" aria-busy=${open}>
      <h2 class="unseen">${t('chat.assistant')}</h2>
      <div class="said" dir="auto"><${Content} message=${message} open=${open} /></div>
      ${open && html`<${Waiting} message=${message} />`}
      ${!open && html`
        <${Ended} message=${message} thread=${thread} />
        <${Sources} message=${message} />
        <div class="row tools">
          <time dateTime=${message.created_at}>${time(message.created_at)}</time>
          ${message.model && html`<span>${message.model}</span>`}
          <button type="button" class="quiet" disabled=${busy} onClick=${again}>${t('chat.again')}</button>
          <${Copy} text=${message.content} />
        </div>
        <${Trouble} problem=${problem} />`}
    </article>
  `
}

// While it grows, its last block is drawn anew; then, with its evidence, all of it once.
function Content({ message, open }) {
  const growing = useMemo(() => new Growing(contextOf(() => null)), [message.id])
  return useMemo(() => {
    const found = !open && (message.citations?.length || message.support?.length)
    if (!found) return html`<${Fragment}>${growing.draw(message.content)}<//>`
    const context = contextOf((marker) => cite(message, marker))
    const text = mark(message.content, message.support)
    return html`<${Fragment}>${blocks(tokensOf(text), context)}<//>`
  }, [growing, open, message.content, message.citations, message.support])
}

function cite(message, marker) {
  const citation = message.citations.find((one) => one.marker === marker)
  if (!citation) return null
  const name = t('evidence.open', { marker, name: citation.filename })
  const show = () => evidence.show(message.citations, citation)
  return html`<button type="button" class="cite" aria-label=${name} title=${citation.filename} onClick=${show}>[${marker}]</button>`
}

function Waiting({ message }) {
  const [why, tell] = useState('')
  const queued = message.status === 'queued'
  useEffect(() => {
    if (!queued) return tell('')
    // What begins at once needs no reason.
    const look = () =>
      get(`/jobs/${message.job_id}`).then((job) => tell(job.waiting_because ?? ''), () => {})
    const timer = setInterval(look, 2000)
    return () => clearInterval(timer)
  }, [message.job_id, queued])
  const stage = queued ? t('chat.queued') : message.content ? t('chat.writing') : t('chat.thinking')
  return html`<p class="waiting"><span class="dots" aria-hidden="true"></span>${stage} ${why}</p>`
}

function Ended({ message, thread }) {
  const [error, setError] = useState(message.error)
  const [problem, busy, retry] = useAct(() => thread.retry(message))
  const failed = message.status === 'failed'
  useEffect(() => {
    if (failed && !error && message.job_id) {
      get(`/jobs/${message.job_id}`).then((job) => setError(job.error), () => {})
    }
  }, [failed, message.job_id])
  if (message.problem) return html`<${Trouble} problem=${message.problem} />`
  if (message.status === 'cancelled') return html`<p class="note">${t('chat.stopped')}</p>`
  if (!failed) return null
  return html`
    <div class="trouble">
      <p dir="auto">${error?.detail || t('chat.failed')}</p>
      <button type="button" disabled=${busy} onClick=${retry}>${t('retry')}</button>
      <${Trouble} problem=${problem} />
    </div>
  `
}
