// Files that are on their way, or could not be sent, with the reason.
import { size } from '../format.js'
import { html } from '../html.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { uploads } from './uploads.js'

export function Sending() {
  const { items } = useStore(uploads)
  if (!items.length) return null
  return html`
    <section aria-label=${t('documents.sending')}>
      <h2>${t('documents.sending')}</h2>
      <ul class="plain list">
        ${items.map((item) => html`
          <li class="item" key=${item.id}>
            <div class="row"><bdi class="name">${item.file.name}</bdi>
              <button type="button" class="quiet" onClick=${() => uploads.dismiss(item)}>${t(item.problem ? 'dismiss' : 'jobs.cancel')}</button></div>
            ${item.problem
              ? html`<div class="trouble" role="alert"><p dir="auto">${item.problem.message}</p>
                  <button type="button" onClick=${() => uploads.retry(item)}>${t('retry')}</button></div>`
              : html`<div class="progress">
                  <progress value=${item.sent} max="1" aria-label=${t('progress.label', { name: item.file.name })}></progress>
                  <span>${item.isBegun ? t('documents.sent', { done: size(item.sent * item.file.size), total: size(item.file.size) }) : t('chat.queued')}</span></div>`}
          </li>`)}
      </ul>
    </section>
  `
}
