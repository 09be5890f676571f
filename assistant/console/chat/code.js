// A block of code, and a button that copies.
import { announce } from '../announce.js'
import { html, useEffect, useState } from '../html.js'
import { t } from '../words.js'

export function Copy({ text }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return undefined
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  const take = async () => {
    if (!(await copy(text))) return
    setCopied(true)
    announce(t('copied'))
  }
  return html`
    <button type="button" class="quiet" onClick=${take}>${copied ? t('copied') : t('copy')}</button>
  `
}

export function Code({ text, language }) {
  const name = language.split(/\s/)[0].slice(0, 20)
  return html`
    <div class="code" dir="ltr">
      <div class="row">
        <span>${name}</span>
        <${Copy} text=${text} />
      </div>
      <pre tabindex="0" role="group" aria-label=${t('chat.code', { language: name })}><code>${text}</code></pre>
    </div>
  `
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Over plain HTTP there is no clipboard for scripts; the old way still works.
    const field = document.createElement('textarea')
    field.value = text
    document.body.append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    return done
  }
}
