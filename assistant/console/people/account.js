// One's own account: name, address and password, where one is signed in, and keys for programs.
import { html } from '../html.js'
import { t } from '../words.js'
import { Keys } from './keys.js'
import { Profile } from './profile.js'
import { Sessions } from './sessions.js'

export function AccountPage() {
  return html`
    <div class="page">
      <h1 tabindex="-1">${t('pages.account')}</h1>
      <${Profile} />
      <${Sessions} />
      <${Keys} />
    </div>
  `
}
