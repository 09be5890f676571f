// Dialogs: the browser keeps the focus inside, and gives it back where it was.
import { html, useEffect, useId, useRef, useState } from '../html.js'
import { t } from '../words.js'

export function Dialog({ title, onClose, wide = false, children }) {
  const place = useRef()
  const name = useId()
  useEffect(() => {
    const before = document.activeElement
    place.current.showModal()
    // Of what is drawn anew meanwhile, the old place is not there any more.
    return () => before?.isConnected && before.focus()
  }, [])
  return html`
    <dialog ref=${place} class=${wide ? 'wide' : ''} aria-labelledby=${name} onClose=${onClose}>
      <div class="row">
        <h2 id=${name}>${title}</h2>
        <button type="button" class="quiet" aria-label=${t('close')} onClick=${onClose}>✕</button>
      </div>
      ${children}
    </dialog>
  `
}

// Ask whether to do something that cannot be undone; `act` may fail, and then says why here.
export function Confirm({ title, words, action, act, onClose }) {
  const [problem, busy, run] = useAct(act, onClose)
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <p dir="auto">${words}</p>
      <${Trouble} problem=${problem} />
      <div class="row end">
        <button type="button" onClick=${onClose}>${t('cancel')}</button>
        <button type="button" class="danger" disabled=${busy} onClick=${run}>${action}</button>
      </div>
    <//>
  `
}

// Ask for a line of text.
export function Ask({ title, label, value, action, act, onClose }) {
  const [text, setText] = useState(value)
  const [problem, busy, run] = useAct(() => act(text.trim()), onClose)
  const send = (event) => {
    event.preventDefault()
    run()
  }
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form onSubmit=${send}>
        <label>
          ${label}
          <input value=${text} required dir="auto" onInput=${(event) => setText(event.target.value)} />
        </label>
        <${Trouble} problem=${problem} />
        <div class="row end">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class="main" disabled=${busy || !text.trim()}>${action}</button>
        </div>
      </form>
    <//>
  `
}

// Do something once at a time; return what went wrong, whether it is at work, and how to begin.
export function useAct(act, then = () => {}) {
  const [state, set] = useState({ problem: null, busy: false })
  const run = async (...given) => {
    set({ problem: null, busy: true })
    try {
      const result = await act(...given)
      set({ problem: null, busy: false })
      then(result)
    } catch (problem) {
      set({ problem, busy: false })
    }
  }
  return [state.problem, state.busy, run]
}

export const Trouble = ({ problem }) =>
  problem && html`<p class="trouble" role="alert" dir="auto">${problem.message}</p>`
