// Choose collections and documents to answer from.
import { page } from '../api.js'
import { html, useEffect, useState } from '../html.js'
import { Dialog, Trouble } from '../parts/dialog.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { choice } from './choice.js'

export function Picker({ onClose }) {
  useStore(choice)
  const [q, setQ] = useState('')
  return html`
    <${Dialog} title=${t('choice.pick')} onClose=${onClose}>
      <${Several} kind="collections" title=${t('documents.collections')} path="/collections" nameOf=${(item) => item.name} />
      <label>${t('documents.search')}
        <input type="search" value=${q} dir="auto" onInput=${(event) => setQ(event.target.value)} />
      </label>
      <${Several} key=${q} kind="documents" title=${t('documents.title')} path="/documents" query=${{ q, status: 'ready' }} nameOf=${(item) => item.filename} />
      <div class="row end"><button type="button" class="main" onClick=${onClose}>${t('done')}</button></div>
    <//>
  `
}

function Several({ kind, title, path, query, nameOf }) {
  const [list, setList] = useState({ items: [], next: null })
  const [problem, setProblem] = useState(null)
  const load = (place, known) =>
    page(place, known.length ? undefined : query).then(
      (found) => setList({ items: [...known, ...found.items], next: found.next }),
      setProblem,
    )
  useEffect(() => {
    // Somebody types; only what stands for a moment is looked for.
    const timer = setTimeout(() => load(path, []), query?.q ? 250 : 0)
    return () => clearTimeout(timer)
  }, [])
  return html`
    <fieldset class="several">
      <legend>${title}</legend>
      <${Trouble} problem=${problem} />
      ${list.items.map((item) => html`
        <label class="tick" key=${item.id}>
          <input type="checkbox" checked=${choice[kind].has(item.id)} onChange=${() => choice.pick(kind, item.id, nameOf(item))} />
          <bdi>${nameOf(item)}</bdi>
        </label>`)}
      ${list.next && html`<button type="button" onClick=${() => load(list.next, list.items)}>${t('more')}</button>`}
      ${!list.items.length && !problem && html`<p class="note">${t('nothing_here')}</p>`}
    </fieldset>
  `
}
