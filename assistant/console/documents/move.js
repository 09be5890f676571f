// Choose another collection for a document.
import { html, useState } from '../html.js'
import { Dialog, Trouble, useAct } from '../parts/dialog.js'
import { t } from '../words.js'
import { library } from './library.js'

export function Move({ item, onClose }) {
  const [to, setTo] = useState(item.collection_id)
  const [problem, busy, run] = useAct(() => library.move(item, to), onClose)
  const send = (event) => {
    event.preventDefault()
    run()
  }
  return html`
    <${Dialog} title=${t('documents.move')} onClose=${onClose}>
      <form onSubmit=${send}>
        <p><bdi>${item.filename}</bdi></p>
        <label>${t('documents.collection')}
          <select value=${to} onChange=${(event) => setTo(event.target.value)}>
            ${library.collections.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
          </select>
        </label>
        <${Trouble} problem=${problem} />
        <div class="row end">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class="main" disabled=${busy || to === item.collection_id}>${t('documents.move')}</button>
        </div>
      </form>
    <//>
  `
}
