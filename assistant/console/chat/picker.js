// Choose collections and documents to answer from.
import { html, useEffect, useState } from '../html.js'
import { Dialog, Trouble } from '../parts/dialog.js'
import { usePages } from '../parts/pages.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { choice } from './choice.js'

export function Picker({ onClose }) {
  useStore(choice)
  const [q, setQ] = useState('')
  const [asked, ask] = useState('')
  useEffect(() => {
    // Somebody types; only what stands for a moment is looked for.
    const timer = setTimeout(() => ask(q.trim()), 250)
    return () => clearTimeout(timer)
  }, [q])
  return html`
    <${Dialog} title=${t('choice.pick')} onClose=${onClose}>
      <${Several} kind="collections" title=${t('documents.collections')} path="/collections" nameOf=${(item) => item.name} />
      <label>${t('documents.search')}
        <input type="search" value=${q} dir="auto" onInput=${(event) => setQ(event.target.value)} />
      </label>
      <${Several} kind="documents" title=${t('documents.title')} path="/documents" query=${{ q: asked, status: 'ready' }} nameOf=${(item) => item.filename} />
      <div class="row end"><button type="button" class="main" onClick=${onClose}>${t('done')}</button></div>
    <//>
  `
}

function Several({ kind, title, path, query, nameOf }) {
  const list = usePages(path, query, query?.q)
  return html`
    <fieldset class="several">
      <legend>${title}</legend>
      <${Trouble} problem=${list.problem} />
      ${list.items.map((item) => html`
        <label class="tick" key=${item.id}>
          <input type="checkbox" checked=${choice[kind].has(item.id)} onChange=${() => choice.pick(kind, item.id, nameOf(item))} />
          <bdi>${nameOf(item)}</bdi>
        </label>`)}
      ${list.more && html`<button type="button" onClick=${list.more}>${t('more')}</button>`}
      ${list.isLoaded && !list.items.length && html`<p class="note">${t('nothing_here')}</p>`}
    </fieldset>
  `
}
