// Sign in, register where that is open, or set a new password with what an administrator gave.
import { brand } from '../brand.js'
import { html, useEffect, useRef, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { useRoute } from '../routes.js'
import { options, session } from '../session.js'
import { t } from '../words.js'
import { Forgotten } from './forgotten.js'
import { Register } from './register.js'

export function SignIn() {
  const { page, id } = useRoute()
  const [ways, setWays] = useState({ registration: 'closed', passwords: true })
  const [problem, setProblem] = useState(null)
  // Links of administrators lead to #/invitation/… and #/password/…
  const [way, go] = useState({ invitation: 'register', password: 'forgotten' }[page] ?? 'password')
  useEffect(() => {
    options().then(setWays, setProblem)
  }, [])
  const other = (name, words) =>
    way !== name && html`<button type="button" class="link" onClick=${() => go(name)}>${words}</button>`
  return html`
    <main class="signin">
      <h1>${brand}</h1>
      ${session.isOver && html`<p class="note" role="status">${t('signin.over')}</p>`}
      <${Trouble} problem=${problem} />
      ${way === 'password' && html`<${Password} />`}
      ${way === 'register' && html`<${Register} isInvited=${ways.registration === 'invitation'} invitation=${page === 'invitation' ? id : ''} />`}
      ${way === 'forgotten' && html`<${Forgotten} token=${page === 'password' ? id : ''} onDone=${() => go('password')} />`}
      <div class="row ways">
        ${other('password', t('signin.have_one'))}
        ${ways.registration !== 'closed' && other('register', t('signin.register'))}
        ${other('forgotten', t('signin.forgotten'))}
      </div>
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
