// How far a job is: its stage, and how much of how much is done.
import { html } from '../html.js'
import { known, t } from '../words.js'

export function Progress({ job, name }) {
  const { stage = 'queued', done = 0, total = null } = job?.progress ?? {}
  const words = known('stage', stage)
  const share = total ? Math.min(1, done / total) : undefined
  const told = total ? t('progress.of', { stage: words, done, total }) : words
  return html`
    <div class="progress">
      <progress key=${total === null} value=${share} max="1" aria-label=${t('progress.label', { name })}></progress>
      <span>${told}</span>
    </div>
  `
}
