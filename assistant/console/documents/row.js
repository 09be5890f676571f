// A document in the list: what it is, how far it is, and what can be done.
import { evidence } from '../evidence/shown.js'
import { size, time } from '../format.js'
import { html } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { Menu } from '../parts/menu.js'
import { Progress } from '../parts/progress.js'
import { known, t } from '../words.js'
import { library } from './library.js'

export function Row({ item, ask }) {
  const [problem, , run] = useAct((act) => act())
  const open = item.status === 'queued' || item.status === 'running'
  const name = item.filename
  if (item.status === 'deleting') {
    return html`<li class="item"><bdi>${name}</bdi> <span class="state">${t('status.deleting')}</span></li>`
  }
  const readable = item.generation > 0
  const items = [
    { words: t('rename'), act: () => ask('rename', item) },
    { words: t('documents.move'), act: () => ask('move', item) },
    ...(open
      ? [{ words: t('jobs.cancel'), act: () => run(() => library.cancel(item)) }]
      : [{ words: t('documents.read_again'), act: () => run(() => library.retry(item)) }]),
    { words: t('delete'), act: () => ask('delete', item), danger: true },
  ]
  return html`
    <li class="item">
      <div class="row">
        ${readable
          ? html`<button type="button" class="link name" onClick=${() => evidence.showDocument(item)}><bdi>${name}</bdi></button>`
          : html`<bdi class="name">${name}</bdi>`}
        <span class="state ${item.status}">${known('status', item.status)}</span>
        <${Menu} label=${t('actions_of', { name })} items=${items} />
      </div>
      <${Facts} item=${item} />
      ${open && html`<${Progress} job=${library.jobOf(item)} name=${name} />`}
      ${item.error && (item.status === 'failed' || item.status === 'ready') && html`
        <div class="trouble"><p dir="auto">${item.error.detail}</p>
          <button type="button" onClick=${() => run(() => library.retry(item))}>${t('retry')}</button></div>`}
      <${Trouble} problem=${problem} />
    </li>
  `
}

function Facts({ item }) {
  const facts = [
    size(item.size),
    item.page_count && t('documents.pages', { n: item.page_count }),
    item.chunk_count && t('documents.chunks', { n: item.chunk_count }),
    item.unread_pages && t('documents.unread', { n: item.unread_pages }),
  ]
  const folder = library.collections.find((one) => one.id === item.collection_id)
  return html`
    <p class="facts">${facts.filter(Boolean).join(' · ')} · <bdi>${folder?.name}</bdi> · <time dateTime=${item.created_at}>${time(item.created_at)}</time></p>
  `
}
