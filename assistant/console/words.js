// What the console says, in the reader's language; the catalogues have equal keys.
import { Store } from './store.js'

export const LANGUAGES = { en: 'English', zh: '中文' }
const KEY = 'assistant.language'
let catalogue = {}

export const language = new (class extends Store {
  now = 'en'

  async choose(wanted) {
    const found = wanted in LANGUAGES ? wanted : 'en'
    const answer = await fetch(new URL(`./words/${found}.json`, import.meta.url))
    catalogue = await answer.json()
    this.now = found
    document.documentElement.lang = found === 'zh' ? 'zh-Hans' : found
    this.changed()
  }

  keep(wanted) {
    localStorage.setItem(KEY, wanted)
    return this.choose(wanted)
  }

  // By what was chosen before, else by the browser.
  first() {
    const asked = [localStorage.getItem(KEY), ...navigator.languages]
    const known = asked.map((name) => name?.slice(0, 2)).find((name) => name in LANGUAGES)
    return this.choose(known ?? 'en')
  }
})()

export function t(key, values = {}) {
  const words = catalogue[key] ?? key
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}

// A word for something that a newer server may call otherwise.
export const known = (prefix, word) => catalogue[`${prefix}.${word}`] ?? word
