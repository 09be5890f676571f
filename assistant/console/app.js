// The frame around all pages: who is signed in, where one can go, and the page itself.
import { brand } from './brand.js'
import { ConversationList } from './chat/list.js'
import { ChatPage } from './chat/page.js'
import { DocumentsPage } from './documents/page.js'
import { html, useEffect, useState } from './html.js'
import { JobsPage } from './jobs/page.js'
import { AccountPage } from './people/account.js'
import { Preferences } from './people/preferences.js'
import { SignIn } from './people/signin.js'
import { pathTo, useRoute } from './routes.js'
import { session } from './session.js'
import { useStore } from './store.js'
import { language, t } from './words.js'

const PAGES = { chat: ChatPage, documents: DocumentsPage, jobs: JobsPage, account: AccountPage }
// The account is behind the name below.
const NAMED = ['chat', 'documents', 'jobs']

export function App() {
  useStore(session)
  useStore(language)
  return session.user
    ? html`<${Inside} key=${session.user.id} />`
    : html`<div class="outside"><${SignIn} /><footer><${Preferences} /></footer></div>`
}

function Inside() {
  const { page, id } = useRoute()
  const [isOpen, open] = useState(false)
  const name = page in PAGES ? page : 'chat'
  const Page = PAGES[name]
  useEffect(() => {
    open(false)
    document.title = `${t(`pages.${name}`)} – ${brand}`
  }, [page, id, language.now])
  const skip = () => document.querySelector('main h1')?.focus()
  return html`
    <div class="inside">
      <header class="side ${isOpen ? 'open' : ''}">
        <button type="button" class="skip" onClick=${skip}>${t('skip')}</button>
        <div class="row brand">
          <b>${brand}</b>
          <button type="button" class="quiet toggle" aria-expanded=${isOpen} onClick=${() => open(!isOpen)}>${t('menu')}</button>
        </div>
        <div class="folded">
          <nav class="pages" aria-label=${t('pages')}>
            ${NAMED.map((place) => html`
              <a key=${place} href=${pathTo(place)} aria-current=${place === name ? 'page' : undefined}>${t(`pages.${place}`)}</a>`)}
          </nav>
          ${name === 'chat' && html`<${ConversationList} current=${id} onChosen=${() => open(false)} />`}
          <div class="account">
            <${Preferences} />
            <p class="row"><a href=${pathTo('account')} aria-label=${t('account.of', { name: session.user.username })} aria-current=${name === 'account' ? 'page' : undefined}><bdi>${session.user.username}</bdi></a>
              <button type="button" class="quiet" onClick=${() => session.signOut()}>${t('sign_out')}</button></p>
          </div>
        </div>
      </header>
      <main><${Page} id=${id} /></main>
    </div>
  `
}
