// A summary of a document and its key points, made in the background.
import { get, post } from '../api.js'
import { html, useEffect, useState } from '../html.js'
import { Dialog, Trouble } from '../parts/dialog.js'
import { Progress } from '../parts/progress.js'
import { t } from '../words.js'

const ENDED = ['succeeded', 'failed', 'cancelled']

export function Analysis({ item, onClose }) {
  const [job, setJob] = useState(null)
  const [problem, setProblem] = useState(null)
  useEffect(() => {
    const control = new AbortController()
    analyse(item, setJob, control.signal).catch((error) => {
      if (!control.signal.aborted) setProblem(error)
    })
    return () => control.abort()
  }, [])
  return html`
    <${Dialog} title=${t('documents.analysis')} onClose=${onClose} wide>
      <p><bdi>${item.filename}</bdi></p>
      <${Trouble} problem=${problem ?? (job?.state === 'failed' ? { message: job.error.detail } : null)} />
      <div role="status" aria-busy=${!job || !ENDED.includes(job.state)}>
        ${!problem && (!job || !ENDED.includes(job.state)) && html`<${Progress} job=${job} name=${item.filename} />`}
        ${job?.state === 'cancelled' && html`<p class="note">${t('chat.stopped')}</p>`}
        ${job?.state === 'succeeded' && html`
          <p class="asis" dir="auto">${job.result.summary}</p>
          <ul>${job.result.key_points.map((point) => html`<li dir="auto">${point}</li>`)}</ul>
          <p class="note">${job.result.model}</p>`}
      </div>
    <//>
  `
}

// Whoever closes it leaves the job to go on; it is then among the jobs.
async function analyse(item, tell, signal) {
  let job = await post(`/documents/${item.id}/analysis`)
  tell(job)
  while (!ENDED.includes(job.state) && !signal.aborted) {
    job = await get(`/jobs/${job.id}`, { wait: 2 }, signal)
    tell(job)
  }
}
