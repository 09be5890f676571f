// All background work: what waits and why, what is done, cancel and retry.
import { seconds, time } from '../format.js'
import { html, useEffect, useId, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { Progress } from '../parts/progress.js'
import { pathTo } from '../routes.js'
import { useStore } from '../store.js'
import { known, t } from '../words.js'
import { Details } from './details.js'
import { OPEN, work } from './work.js'

const STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled']

export function JobsPage() {
  useStore(work)
  const [problem, busy, more] = useAct(() => work.more())
  useEffect(() => {
    work.open()
    return () => work.close()
  }, [])
  return html`
    <div class="page">
      <h1 tabindex="-1">${t('jobs.title')}</h1>
      <div class="row narrowing">
        <label>${t('jobs.state')}
          <select value=${work.state} onChange=${(event) => work.narrow(event.target.value)}>
            <option value="">${t('jobs.all')}</option>
            ${STATES.map((state) => html`<option key=${state} value=${state}>${known('state', state)}</option>`)}
          </select>
        </label>
      </div>
      <${Trouble} problem=${work.problem ?? problem} />
      <ul class="plain list" aria-label=${t('jobs.title')}>
        ${work.items.map((job) => html`<${Job} key=${job.id} job=${job} />`)}
      </ul>
      ${work.isLoaded && !work.items.length && !work.problem && html`<p class="hint">${t('nothing_here')}</p>`}
      ${work.next && html`<button type="button" disabled=${busy} onClick=${more}>${t('more')}</button>`}
    </div>
  `
}

function Job({ job }) {
  const [isShown, show] = useState(false)
  const [problem, busy, run] = useAct((act) => act())
  const id = useId()
  const kind = known('kind', job.kind)
  const isOpen = OPEN.includes(job.state)
  const mayRetry = job.state === 'failed' || job.state === 'cancelled'
  return html`
    <li class="item">
      <div class="row">
        <button type="button" class="link name" aria-expanded=${isShown} aria-controls=${id} onClick=${() => show(!isShown)}>${kind}</button>
        <span class="state ${job.state}">${job.cancel_requested_at && isOpen ? t('jobs.stopping') : known('state', job.state)}</span>
        ${job.state !== 'succeeded' && html`<span>
          ${isOpen && html`<button type="button" disabled=${busy || job.cancel_requested_at} onClick=${() => run(() => work.cancel(job))}>${t('jobs.cancel')}</button>`}
          ${mayRetry && html`<button type="button" disabled=${busy} onClick=${() => run(() => work.retry(job))}>${t('retry')}</button>`}
        </span>`}
      </div>
      <p class="facts">
        <time dateTime=${job.created_at}>${time(job.created_at)}</time>${took(job)}
        ${job.conversation_id && html` · <a href=${pathTo('chat', job.conversation_id)}>${t('chat.conversation')}</a>`}
      </p>
      ${job.state === 'running' && html`<${Progress} job=${job} name=${kind} />`}
      ${job.state === 'failed' && !isShown && html`<p class="trouble" dir="auto">${job.error?.detail}</p>`}
      <${Trouble} problem=${problem} />
      <div id=${id}>${isShown && html`<${Details} id=${job.id} />`}</div>
    </li>
  `
}

function took(job) {
  if (!job.started_at || !job.finished_at) return ''
  return ` · ${seconds((new Date(job.finished_at) - new Date(job.started_at)) / 1000)}`
}
