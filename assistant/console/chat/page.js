// A conversation: its messages, and the place for the next question.
import { Panel } from '../evidence/panel.js'
import { evidence } from '../evidence/shown.js'
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { go } from '../routes.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { Branches } from './branches.js'
import { choice } from './choice.js'
import { Composer } from './composer.js'
import { Message } from './message.js'
import { threadOf } from './thread.js'

const MOST_AT_FIRST = 30
const NEAR = 120

export function ChatPage({ id }) {
  // A conversation that just began keeps what is shown of it.
  const kept = useRef(null)
  const thread = useMemo(() => {
    if (!kept.current || kept.current.id !== id) kept.current = threadOf(id)
    return kept.current
  }, [id])
  useStore(thread)
  useEffect(() => {
    thread.open()
    choice.load()
    const seen = () => document.visibilityState === 'visible' && thread.id && thread.refresh()
    document.addEventListener('visibilitychange', seen)
    return () => {
      document.removeEventListener('visibilitychange', seen)
      evidence.close()
      thread.close()
    }
  }, [thread])
  useEffect(() => {
    if (thread.id && thread.id !== id) go('chat', thread.id, { replace: true })
  }, [thread.id])
  return html`
    <div class="chat">
      <${Talk} thread=${thread} />
      <${Panel} />
    </div>
  `
}

function Talk({ thread }) {
  const [isBranching, branch] = useState(false)
  const scroll = useScroll(thread)
  const replying = () => choice.ofReply
  const asking = () => choice.ofQuestion
  return html`
    <section class="talk" aria-label=${t('chat.conversation')}>
      <header class="row">
        <h1 tabindex="-1" dir="auto">${thread.title ?? t('chat.new')}</h1>
        ${thread.messages.length > 1 && html`<button type="button" class="quiet" onClick=${() => branch(true)}>${t('chat.branches')}</button>`}
      </header>
      <div class="messages" ref=${scroll.place} onScroll=${scroll.look} tabindex="0" role="region" aria-label=${t('chat.messages')}>
        <div class="column">
          <${Trouble} problem=${thread.problem} />
          ${!thread.isLoaded && html`<p class="note" role="status">${t('loading')}</p>`}
          ${thread.isLoaded && !thread.messages.length && !thread.problem && html`<p class="hint">${t('chat.hint')}</p>`}
          <${Messages} thread=${thread} replying=${replying} asking=${asking} />
        </div>
      </div>
      <${Composer} thread=${thread} options=${asking} onAsked=${scroll.toEnd} />
      ${isBranching && html`<${Branches} thread=${thread} onClose=${() => branch(false)} />`}
    </section>
  `
}

function Messages({ thread, replying, asking }) {
  const [most, setMost] = useState(MOST_AT_FIRST)
  const [problem, busy, more] = useAct(() => thread.more())
  const shown = thread.messages.slice(-most)
  const isCut = shown.length < thread.messages.length
  const earlier = () => {
    setMost(most + 100)
    if (!isCut) more()
  }
  return html`
    <${Trouble} problem=${problem} />
    ${(isCut || thread.older) && html`<button type="button" disabled=${busy} onClick=${earlier}>${t('chat.earlier')}</button>`}
    ${shown.map((message) => html`
      <${Message}
        key=${message.id} message=${message} thread=${thread}
        options=${message.role === 'user' ? asking : replying}
      />`)}
  `
}

// Whoever reads the end sees it grow; whoever reads above is left alone.
function useScroll(thread) {
  const place = useRef()
  const follows = useRef(true)
  const look = () => {
    const { scrollHeight, scrollTop, clientHeight } = place.current
    follows.current = scrollHeight - scrollTop - clientHeight < NEAR
  }
  useLayoutEffect(() => {
    if (follows.current) place.current.scrollTop = place.current.scrollHeight
  })
  useEffect(() => {
    follows.current = true
  }, [thread])
  return { place, look, toEnd: () => (follows.current = true) }
}
