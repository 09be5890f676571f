// The branches of a conversation: other replies and other words, each with its last message.
import { time } from '../format.js'
import { html } from '../html.js'
import { Dialog, Trouble, useAct } from '../parts/dialog.js'
import { usePages } from '../parts/pages.js'
import { t } from '../words.js'

export function Branches({ thread, onClose }) {
  const list = usePages(`/conversations/${thread.id}/branches`)
  const [problem, busy, choose] = useAct((id) => thread.switchTo(id), onClose)
  return html`
    <${Dialog} title=${t('chat.branches')} onClose=${onClose}>
      <p class="note">${t('chat.branches_are')}</p>
      <${Trouble} problem=${list.problem ?? problem} />
      <ul class="plain">
        ${list.items.map((branch) => html`
          <li key=${branch.message_id}>
            <button type="button" class="source" disabled=${busy} aria-current=${branch.is_current ? 'true' : undefined} onClick=${() => choose(branch.message_id)}>
              <b>${branch.role === 'user' ? t('chat.you') : t('chat.assistant')}</b>${' '}
              <time dateTime=${branch.created_at}>${time(branch.created_at)}</time>
              ${branch.is_current && html` <i>${t('chat.shown')}</i>`}
              <span class="begin" dir="auto">${branch.content || '…'}</span>
            </button>
          </li>`)}
      </ul>
      ${list.more && html`<button type="button" onClick=${list.more}>${t('more')}</button>`}
    <//>
  `
}
