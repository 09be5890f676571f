// Why a job waits, what each attempt came to, and where its time went.
import { get } from '../api.js'
import { seconds, time } from '../format.js'
import { html, useEffect, useState } from '../html.js'
import { Trouble } from '../parts/dialog.js'
import { known, t } from '../words.js'
import { OPEN } from './work.js'

const BETWEEN_LOOKS = 2000
// The API tells stages in no order; what is not known here comes first.
const ORDER = [
  ...['queued', 'waiting_to_retry', 'running', 'fetching', 'stored', 'parsing', 'unpacking'],
  ...['splitting', 'embedding', 'indexing', 'retrieving', 'extracting', 'generating', 'citing'],
]

export function Details({ id }) {
  const [job, setJob] = useState(null)
  const [problem, setProblem] = useState(null)
  const isOpen = !job || OPEN.includes(job.state)
  useEffect(() => {
    const look = () => get(`/jobs/${id}`).then(setJob, setProblem)
    look()
    if (!isOpen) return undefined
    const timer = setInterval(look, BETWEEN_LOOKS)
    return () => clearInterval(timer)
  }, [id, isOpen])
  if (!job) return html`<${Trouble} problem=${problem} />`
  return html`
    <div class="details">
      ${job.waiting_because && html`<p>${job.waiting_because}</p>`}
      ${job.queue_position != null && html`<p>${t('jobs.position', { n: job.queue_position })}</p>`}
      ${job.error && html`<p class="trouble" dir="auto">${job.error.detail}</p>`}
      <${Times} timings=${job.timings ?? {}} />
      <${Attempts} attempts=${job.attempts ?? []} />
      ${job.retry_of && html`<p class="note">${t('jobs.retry_of', { id: job.retry_of })}</p>`}
      <p class="note">${t('jobs.id')} <code>${job.id}</code></p>
    </div>
  `
}

// A table that is a chart, too.
function Times({ timings }) {
  const place = ([stage]) => ORDER.indexOf(stage)
  const stages = Object.entries(timings).sort((one, other) => place(one) - place(other))
  if (!stages.length) return null
  const longest = Math.max(...stages.map(([, value]) => value), 0.001)
  return html`
    <table class="times">
      <caption>${t('jobs.times')}</caption>
      <tbody>
        ${stages.map(([stage, value]) => html`
          <tr key=${stage}>
            <th scope="row">${known('stage', stage)}</th>
            <td><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width=${Math.max(0.5, (100 * value) / longest)} height="10" /></svg></td>
            <td class="end">${seconds(value)}</td>
          </tr>`)}
      </tbody>
    </table>
  `
}

function Attempts({ attempts }) {
  if (!attempts.length) return null
  return html`
    <div class="scrolls" tabindex="0" role="group" aria-label=${t('jobs.attempts')}>
      <table class="attempts">
        <caption>${t('jobs.attempts')}</caption>
        <thead>
          <tr>
            <th scope="col">${t('jobs.number')}</th><th scope="col">${t('jobs.queue')}</th>
            <th scope="col">${t('jobs.began')}</th><th scope="col">${t('jobs.outcome')}</th>
            <th scope="col">${t('jobs.reason')}</th>
          </tr>
        </thead>
        <tbody>
          ${attempts.map((one) => html`
            <tr key=${one.attempt}>
              <td>${one.attempt}</td>
              <td>${one.queue}</td>
              <td>${time(one.started_at)}</td>
              <td>${one.outcome ? known('outcome', one.outcome) : t('state.running')}</td>
              <td dir="auto">${one.reason?.detail ?? ''}</td>
            </tr>`)}
        </tbody>
      </table>
    </div>
  `
}
