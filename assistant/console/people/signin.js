// Sign in, or register where that is open.
import { brand } from '../brand.js'
import { html, useEffect, useRef, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { options, session } from '../session.js'
import { t } from '../words.js'

export function SignIn() {
  const [ways, setWays] = useState({ registration: 'closed', passwords: true })
  const [problem, setProblem] = useState(null)
  const [isNew, setNew] = useState(false)
  useEffect(() => {
    options().then(setWays, setProblem)
  }, [])
  const mayRegister = ways.registration !== 'closed'
  return html`
    <main class="signin">
      <h1>${brand}</h1>
      ${session.isOver && html`<p class="note" role="status">${t('signin.over')}</p>`}
      <${Trouble} problem=${problem} />
      ${isNew && mayRegister ? html`<${Register} ways=${ways} />` : html`<${Password} />`}
      ${mayRegister && html`
        <button type="button" class="link" onClick=${() => setNew(!isNew)}>
          ${t(isNew ? 'signin.have_one' : 'signin.register')}
        </button>`}
    </main>
  `
}

function Password() {
  const first = useRef()
  const [problem, busy, run] = useAct((username, password) => session.signIn(username, password))
  useEffect(() => first.current.focus(), [])
  const send = (event) => {
    event.preventDefault()
    const given = new FormData(event.target)
    run(given.get('username').trim(), given.get('password'))
  }
  return html`
    <form onSubmit=${send}>
      <label>${t('signin.name_or_mail')}<input ref=${first} name="username" autocomplete="username" required dir="auto" /></label>
      <label>${t('signin.password')}<input name="password" type="password" autocomplete="current-password" required /></label>
      <${Trouble} problem=${problem} />
      <button class="main" disabled=${busy}>${t('signin.sign_in')}</button>
    </form>
  `
}

function Register({ ways }) {
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
      ${ways.registration === 'invitation' && html`<label>${t('signin.invitation')}<input name="invitation" required autocomplete="off" /></label>`}
      <${Trouble} problem=${problem} />
      <button class="main" disabled=${busy}>${t('signin.register_now')}</button>
    </form>
  `
}
