// Where one is signed in, and signing out there or everywhere.
import { remove } from '../api.js'
import { time } from '../format.js'
import { html } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { usePages } from '../parts/pages.js'
import { session } from '../session.js'
import { t } from '../words.js'

export function Sessions() {
  const list = usePages('/sessions')
  const [problem, busy, end] = useAct((id) => remove(`/sessions/${id}`), list.again)
  const [allProblem, allBusy, endAll] = useAct(() => remove('/sessions'), () => session.signOut())
  return html`
    <section aria-label=${t('account.sessions')}>
      <h2>${t('account.sessions')}</h2>
      <${Trouble} problem=${list.problem ?? problem ?? allProblem} />
      <ul class="plain list">
        ${list.items.map((one) => html`
          <li class="item" key=${one.id}>
            <div class="row"><bdi class="name">${one.user_agent ?? t('account.unknown_device')}</bdi>
              ${one.is_current
                ? html`<span class="state">${t('account.here')}</span>`
                : html`<button type="button" disabled=${busy} onClick=${() => end(one.id)}>${t('sign_out')}</button>`}</div>
            <p class="facts">${t('account.used', { time: time(one.last_used_at) })}</p>
          </li>`)}
      </ul>
      ${list.more && html`<button type="button" onClick=${list.more}>${t('more')}</button>`}
      <p><button type="button" class="danger" disabled=${allBusy} onClick=${endAll}>${t('account.everywhere')}</button></p>
    </section>
  `
}
