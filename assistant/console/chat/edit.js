// A question in other words: the conversation goes on from it in a new branch.
import { html, useEffect, useRef, useState } from '../html.js'
import { Trouble, useAct } from '../parts/dialog.js'
import { t } from '../words.js'

export function Edit({ message, thread, options, onClose }) {
  const [text, setText] = useState(message.content)
  const place = useRef()
  const [problem, busy, run] = useAct(() => thread.edit(message, text, options()), onClose)
  useEffect(() => place.current.focus(), [])
  const send = (event) => {
    event.preventDefault()
    run()
  }
  const key = (event) => {
    if (event.key === 'Escape') onClose()
  }
  return html`
    <form onSubmit=${send} onKeyDown=${key}>
      <textarea
        ref=${place} rows="4" dir="auto" aria-label=${t('chat.other_words')} value=${text}
        onInput=${(event) => setText(event.target.value)}
      ></textarea>
      <${Trouble} problem=${problem} />
      <div class="row end">
        <button type="button" onClick=${onClose}>${t('cancel')}</button>
        <button class="main" disabled=${busy || !text.trim()}>${t('chat.send')}</button>
      </div>
    </form>
  `
}
