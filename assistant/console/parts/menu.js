// A button that opens a few actions: arrows move among them, Escape closes.
import { html, useEffect, useId, useRef, useState } from '../html.js'

export function Menu({ label, items, children = '⋯' }) {
  const [isOpen, open] = useState(false)
  const place = useRef()
  const id = useId()
  const close = (back) => {
    open(false)
    if (back) place.current.querySelector('button').focus()
  }
  useEffect(() => {
    if (!isOpen) return undefined
    place.current.querySelector('[role=menuitem]')?.focus()
    const away = (event) => place.current.contains(event.target) || close(false)
    document.addEventListener('pointerdown', away)
    return () => document.removeEventListener('pointerdown', away)
  }, [isOpen])
  const step = (event) => {
    const all = [...place.current.querySelectorAll('[role=menuitem]')]
    const at = all.indexOf(document.activeElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key]
    if (event.key === 'Escape') close(true)
    else if (event.key === 'Tab') return close(false)
    else if (to === undefined) return undefined
    else all.at(to % all.length).focus()
    event.preventDefault()
    event.stopPropagation()
    return undefined
  }
  return html`
    <div class="menu" ref=${place}>
      <button
        type="button" class="quiet" aria-haspopup="menu" aria-expanded=${isOpen} aria-controls=${id}
        aria-label=${label} title=${label} onClick=${() => open(!isOpen)}
      >${children}</button>
      ${isOpen && html`
        <div role="menu" id=${id} aria-label=${label} onKeyDown=${step}>
          ${items.map((item) => html`
            <button
              type="button" role="menuitem" tabindex="-1" class=${item.danger ? 'danger' : ''}
              onClick=${() => { close(true); item.act() }}
            >${item.words}</button>`)}
        </div>`}
    </div>
  `
}
