// Set a new password with the single-use code that an administrator made.
import { announce } from '../announce.js'
import { html, useEffect, useRef } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { setForgotten } from '../session.js'
import { t } from '../words.js'

export function Forgotten({ token, onDone }) {
  const first = useRef()
  const [problem, busy, run] = useAct(setForgotten, () => {
    announce(t('signin.was_set'))
    onDone()
  })
  useEffect(() => first.current.focus(), [])
  const send = (event) => {
    event.preventDefault()
    const given = Object.fromEntries(new FormData(event.target))
    run({ ...given, token: given.token.trim() })
  }
  return html`
    <form onSubmit=${send}>
      <p class="note">${t('signin.how_to_reset')}</p>
      <label>${t('signin.code')}<input ref=${first} name="token" value=${token} required maxlength="100" autocomplete="off" /></label>
      <label>${t('signin.new_password')}<input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="128" /></label>
      <${Trouble} problem=${problem} />
      <button class="main" disabled=${busy}>${t('save')}</button>
    </form>
  `
}
