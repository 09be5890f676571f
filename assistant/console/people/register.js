// Make an account.
import { html, useEffect, useRef } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { session } from '../session.js'
import { t } from '../words.js'

export function Register({ isInvited, invitation }) {
  const first = useRef()
  const [problem, busy, run] = useAct((values) => session.register(values))
  useEffect(() => first.current.focus(), [])
  const send = (event) => {
    event.preventDefault()
    const given = Object.fromEntries(new FormData(event.target))
    run({ ...given, username: given.username.trim(), email: given.email.trim() })
  }
  return html`
    <form onSubmit=${send}>
      <label>${t('signin.name')}<input ref=${first} name="username" autocomplete="username" required minlength="2" maxlength="64" dir="auto" /></label>
      <label>${t('signin.mail')}<input name="email" type="email" autocomplete="email" required /></label>
      <label>${t('signin.new_password')}<input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="128" /></label>
      ${isInvited && html`<label>${t('signin.invitation')}<input name="invitation" value=${invitation} required autocomplete="off" /></label>`}
      <${Trouble} problem=${problem} />
      <button class="main" disabled=${busy}>${t('signin.register_now')}</button>
    </form>
  `
}
