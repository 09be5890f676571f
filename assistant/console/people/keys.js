// Keys for programs: their text is shown once, when one is made.
import { post, remove } from '../api.js'
import { Copy } from '../chat/code.js'
import { time } from '../format.js'
import { html, useState } from '../html.js'
import { Confirm, Trouble, useAct } from '../parts/dialog.js'
import { usePages } from '../parts/pages.js'
import { session } from '../session.js'
import { t } from '../words.js'

const DAY = 24 * 3600 * 1000
const DAYS = ['30', '90', '365', '']

export function Keys() {
  const list = usePages('/api-keys')
  const [made, setMade] = useState(null)
  const [revoked, revoke] = useState(null)
  const done = (key) => {
    setMade(key)
    list.again()
  }
  return html`
    <section aria-label=${t('account.keys')}>
      <h2>${t('account.keys')}</h2>
      <${Trouble} problem=${list.problem} />
      ${made && html`<div class="row made" role="status"><code>${made.key}</code><${Copy} text=${made.key} /></div><p class="note">${t('account.once')}</p>`}
      <ul class="plain list">
        ${list.items.map((key) => html`
          <li class="item" key=${key.id}>
            <div class="row"><bdi class="name">${key.name}</bdi>
              <button type="button" class="danger" onClick=${() => revoke(key)}>${t('account.revoke')}</button></div>
            <p class="facts"><code>${key.prefix}…</code> · ${key.scopes.join(', ')} · ${key.expires_at ? t('account.until', { time: time(key.expires_at) }) : t('account.for_good')} · ${key.last_used_at ? t('account.used', { time: time(key.last_used_at) }) : t('account.unused')}</p>
          </li>`)}
      </ul>
      ${list.more && html`<button type="button" onClick=${list.more}>${t('more')}</button>`}
      <${NewKey} onMade=${done} />
      ${revoked && html`<${Confirm} title=${t('account.revoke')} words=${t('account.revoke_words', { name: revoked.name })} action=${t('account.revoke')}
        act=${async () => { await remove(`/api-keys/${revoked.id}`); list.again() }} onClose=${() => revoke(null)} />`}
    </section>
  `
}

function NewKey({ onMade }) {
  const [problem, busy, run] = useAct(make, onMade)
  const scopes = session.user.role === 'admin' ? ['read', 'write', 'admin'] : ['read', 'write']
  const send = (event) => {
    event.preventDefault()
    const given = new FormData(event.target)
    const days = Number(given.get('days'))
    const end = days ? { expires_at: new Date(Date.now() + days * DAY).toISOString() } : {}
    run({ name: given.get('name').trim(), scopes: given.getAll('scopes'), ...end }, event.target)
  }
  return html`
    <form class="narrow" onSubmit=${send}>
      <label>${t('account.key_name')}<input name="name" required maxlength="100" dir="auto" autocomplete="off" /></label>
      <fieldset><legend>${t('account.scopes')}</legend>
        ${scopes.map((scope) => html`<label class="tick" key=${scope}><input type="checkbox" name="scopes" value=${scope} defaultChecked=${scope === 'read'} /> ${t(`scope.${scope}`)}</label>`)}
      </fieldset>
      <label>${t('account.days')}<select name="days">${DAYS.map((days) => html`<option key=${days} value=${days}>${days ? t('account.n_days', { n: days }) : t('account.for_good')}</option>`)}</select></label>
      <${Trouble} problem=${problem} />
      <button class="main" disabled=${busy}>${t('account.make_key')}</button>
    </form>
  `
}

async function make(values, form) {
  const key = await post('/api-keys', values)
  form.reset()
  return key
}
