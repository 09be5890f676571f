// Change one's name, address or password; a new password ends all other sessions.
import { patch } from '../api.js'
import { html, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { session } from '../session.js'
import { t } from '../words.js'

export function Profile() {
  const { user } = session
  const [isSaved, saved] = useState(false)
  const [problem, busy, run] = useAct(change, () => saved(true))
  const send = (event) => {
    event.preventDefault()
    saved(false)
    run(Object.fromEntries(new FormData(event.target)), event.target)
  }
  return html`
    <section aria-label=${t('account.profile')}>
      <h2>${t('account.profile')}</h2>
      <form class="narrow" onSubmit=${send}>
        <label>${t('signin.name')}<input name="username" value=${user.username} autocomplete="username" required dir="auto" /></label>
        <label>${t('signin.mail')}<input name="email" type="email" value=${user.email} autocomplete="email" required /></label>
        <label>${t('account.new_password')}<input name="password" type="password" autocomplete="new-password" minlength="12" maxlength="128" /></label>
        <label>${t('account.old_password')}<input name="old_password" type="password" autocomplete="current-password" /></label>
        <${Trouble} problem=${problem} />
        ${isSaved && html`<p class="note" role="status">${t('saved')}</p>`}
        <button class="main" disabled=${busy}>${t('save')}</button>
      </form>
    </section>
  `
}

// Only what is new is sent, so that a name alone needs no password.
async function change(given, form) {
  const { user } = session
  const values = {
    ...(given.username.trim() !== user.username && { username: given.username.trim() }),
    ...(given.email.trim() !== user.email && { email: given.email.trim() }),
    ...(given.password && { password: given.password }),
    ...(given.old_password && { old_password: given.old_password }),
  }
  session.know(await patch('/users/me', values))
  form.elements.password.value = form.elements.old_password.value = ''
}
