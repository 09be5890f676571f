// All documents: bring them in, see how far they are, and keep them in order.
import { Panel } from '../evidence/panel.js'
import { evidence } from '../evidence/shown.js'
import { html, useEffect, useState } from '../html.js'
import { Ask, Confirm, Trouble, useAct } from '../parts/dialog.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { Collections } from './collections.js'
import { Drop } from './drop.js'
import { library } from './library.js'
import { Move } from './move.js'
import { Row } from './row.js'
import { Sending } from './sending.js'
import { uploads } from './uploads.js'

export function DocumentsPage() {
  useStore(library)
  const [doing, setDoing] = useState(null)
  const [problem, busy, more] = useAct(() => library.more())
  useEffect(() => {
    library.open().catch((error) => {
      library.problem = error
      library.changed()
    })
    return () => {
      library.close()
      evidence.close()
    }
  }, [])
  const ask = (what, item) => setDoing({ what, item })
  const send = (files) => uploads.add(files, library.collectionId, () => library.expect())
  return html`
    <div class="chat">
      <div class="page">
        <h1 tabindex="-1">${t('documents.title')}</h1>
        <${Drop} onFiles=${send} />
        <${Sending} />
        <${Receipt} receipt=${library.receipt} />
        <${Collections} ask=${ask} />
        <${Trouble} problem=${library.problem ?? problem} />
        <ul class="plain list" aria-label=${t('documents.title')}>
          ${library.items.map((item) => html`<${Row} key=${item.id} item=${item} ask=${ask} />`)}
        </ul>
        ${library.isLoaded && !library.items.length && !library.problem && html`<p class="hint">${t(library.q ? 'nothing_found' : 'documents.none')}</p>`}
        ${library.next && html`<button type="button" disabled=${busy} onClick=${more}>${t('more')}</button>`}
      </div>
      <${Panel} />
      ${doing && html`<${Doing} key=${doing.what} ...${doing} onClose=${() => setDoing(null)} />`}
    </div>
  `
}

function Receipt({ receipt }) {
  if (!receipt) return null
  const { name, documents, chunks, citations } = receipt
  const words = t('documents.receipt', { name, documents: documents ?? 1, chunks: chunks ?? 0, citations: citations ?? 0 })
  const dismiss = () => {
    library.receipt = null
    library.changed()
  }
  return html`
    <div class="row note" role="status"><span dir="auto">${words}</span>
      <button type="button" class="quiet" onClick=${dismiss}>${t('dismiss')}</button></div>
  `
}

function Doing({ what, item, onClose }) {
  switch (what) {
    case 'move':
      return html`<${Move} item=${item} onClose=${onClose} />`
    case 'rename':
      return html`<${Ask} title=${t('rename')} label=${t('documents.name')} value=${item.filename} action=${t('save')} act=${(name) => library.rename(item, name)} onClose=${onClose} />`
    case 'delete':
      return html`<${Confirm} title=${t('documents.delete')} words=${t('documents.delete_words', { name: item.filename })} action=${t('delete')} act=${() => library.delete(item)} onClose=${onClose} />`
    case 'new':
      return html`<${Ask} title=${t('documents.new_collection')} label=${t('documents.name')} value="" action=${t('save')} act=${(name) => library.createCollection(name)} onClose=${onClose} />`
    case 'rename_collection':
      return html`<${Ask} title=${t('rename')} label=${t('documents.name')} value=${item.name} action=${t('save')} act=${(name) => library.renameCollection(item, name)} onClose=${onClose} />`
    default:
      return html`<${Confirm} title=${t('documents.delete_collection')} words=${t('documents.delete_collection_words', { name: item.name, n: item.document_count })} action=${t('delete')} act=${() => library.deleteCollection(item)} onClose=${onClose} />`
  }
}
