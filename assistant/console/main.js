// The beginning: words, the session of before, and then the page.
import { App } from './app.js'
import { html, render } from './html.js'
import { session } from './session.js'
import { apply } from './theme.js'
import { language } from './words.js'

apply()
await language.first()
// Without a server there is nobody to sign in with, and the form says so when it is used.
await session.restore().catch(() => {})
render(html`<${App} />`, document.getElementById('console'))
