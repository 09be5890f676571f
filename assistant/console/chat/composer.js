// Where a question is written; what could not be sent stays there.
import { html, useEffect, useRef, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { t } from '../words.js'
import { Settings } from './settings.js'
import { isOpen } from './thread.js'

export function Composer({ thread, options, onAsked }) {
  const [text, setText] = useState('')
  const place = useRef()
  const open = thread.messages.filter((message) => isOpen(message) && message.job_id)
  const [problem, busy, ask] = useAct(async (content) => {
    setText('')
    try {
      await thread.ask(content, options())
    } catch (error) {
      setText((now) => now || content)
      throw error
    }
  })
  const [stopProblem, stopping, stop] = useAct(() =>
    Promise.all(open.map((message) => thread.stop(message))),
  )
  useEffect(() => place.current.focus(), [thread])
  const send = (event) => {
    event?.preventDefault()
    if (!text.trim() || busy) return
    onAsked()
    ask(text.trim())
  }
  const key = (event) => {
    // While signs are put together, Enter chooses one.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event)
  }
  return html`
    <form class="composer" onSubmit=${send}>
      <${Trouble} problem=${problem ?? stopProblem} />
      <div class="row">
        <textarea
          ref=${place} rows="2" dir="auto" value=${text} maxlength="100000"
          aria-label=${t('chat.question')} placeholder=${t('chat.placeholder')}
          onInput=${(event) => setText(event.target.value)} onKeyDown=${key}
        ></textarea>
        <div class="buttons">
          <button class="main" disabled=${busy || !text.trim()}>${t('chat.send')}</button>
          ${open.length > 0 && html`<button type="button" class="stop" disabled=${stopping} onClick=${stop}>${t('chat.stop')}</button>`}
        </div>
      </div>
      <${Settings} />
    </form>
  `
}
