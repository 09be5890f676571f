// Which collection is shown, and what can be done with it.
import { html } from '../html.js'
import { Menu } from '../parts/menu.js'
import { t } from '../words.js'
import { library } from './library.js'

export function Collections({ ask }) {
  const shown = library.collections.find((one) => one.id === library.collectionId)
  const items = [
    { words: t('documents.new_collection'), act: () => ask('new', null) },
    ...(shown ? [{ words: t('rename'), act: () => ask('rename_collection', shown) }] : []),
    ...(shown && !shown.is_default
      ? [{ words: t('delete'), act: () => ask('delete_collection', shown), danger: true }]
      : []),
  ]
  const choose = (event) => library.narrow({ collectionId: event.target.value })
  return html`
    <div class="row narrowing">
      <label>${t('documents.collection')}
        <select value=${library.collectionId} onChange=${choose}>
          <option value="">${t('documents.all')}</option>
          ${library.collections.map((one) => html`
            <option key=${one.id} value=${one.id}>${one.name} (${one.document_count})</option>`)}
        </select>
      </label>
      <${Menu} label=${t('actions_of', { name: t('documents.collections') })} items=${items} />
      <label class="wide">${t('documents.search')}
        <input type="search" value=${library.q} dir="auto" onInput=${(event) => search(event.target.value)} />
      </label>
    </div>
  `
}

let timer
function search(q) {
  clearTimeout(timer)
  timer = setTimeout(() => library.narrow({ q: q.trim() }), 300)
}
