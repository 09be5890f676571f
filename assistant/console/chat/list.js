// The list of conversations at the side.
import { html, useEffect, useState } from '../html.js'
import { Ask, Confirm, Trouble, useAct } from '../parts/dialog.js'
import { Menu } from '../parts/menu.js'
import { go, pathTo } from '../routes.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { conversations } from './conversations.js'

export function ConversationList({ current, onChosen }) {
  useStore(conversations)
  const [doing, act] = useState(null)
  const [problem, busy, more] = useAct(() => conversations.more())
  useEffect(() => {
    conversations.load()
  }, [])
  const done = () => act(null)
  return html`
    <nav class="conversations" aria-label=${t('chat.conversations')}>
      <a class="button" href=${pathTo('chat')} onClick=${onChosen}>${t('chat.new')}</a>
      <${Search} />
      <${Trouble} problem=${conversations.problem ?? problem} />
      <ul class="plain">
        ${conversations.items.map((item) => html`
          <li key=${item.id} class="row">
            <a href=${pathTo('chat', item.id)} dir="auto" aria-current=${item.id === current ? 'page' : undefined} onClick=${onChosen}>${item.title ?? t('chat.untitled')}</a>
            <${Menu} label=${t('actions_of', { name: item.title ?? t('chat.untitled') })} items=${[
              { words: t('rename'), act: () => act({ what: 'rename', item }) },
              { words: t('delete'), act: () => act({ what: 'delete', item }), danger: true },
            ]} />
          </li>`)}
      </ul>
      ${conversations.isLoaded && !conversations.items.length && html`<p class="note">${t(conversations.q ? 'nothing_found' : 'chat.none')}</p>`}
      ${conversations.next && html`<button type="button" disabled=${busy} onClick=${more}>${t('more')}</button>`}
      ${doing?.what === 'rename' && html`
        <${Ask} title=${t('rename')} label=${t('chat.title')} value=${doing.item.title ?? ''} action=${t('save')} act=${(title) => conversations.rename(doing.item.id, title)} onClose=${done} />`}
      ${doing?.what === 'delete' && html`
        <${Confirm} title=${t('chat.delete')} words=${t('chat.delete_words', { name: doing.item.title ?? t('chat.untitled') })} action=${t('delete')} onClose=${done}
          act=${async () => {
            await conversations.delete(doing.item.id)
            if (doing.item.id === current) go('chat')
          }} />`}
    </nav>
  `
}

function Search() {
  const [q, setQ] = useState(conversations.q)
  useEffect(() => {
    if (q.trim() === conversations.q) return undefined
    // Somebody types; only what stands for a moment is looked for.
    const timer = setTimeout(() => conversations.search(q.trim()), 300)
    return () => clearTimeout(timer)
  }, [q])
  return html`
    <input
      type="search" value=${q} dir="auto" aria-label=${t('chat.search')} placeholder=${t('chat.search')}
      onInput=${(event) => setQ(event.target.value)}
    />
  `
}
