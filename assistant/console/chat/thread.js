// One conversation as it is shown: its messages, and what is heard of replies that are being made.
import { announce } from '../announce.js'
import { get, page, patch, post } from '../api.js'
import { follow } from '../events.js'
import { Store } from '../store.js'
import { t } from '../words.js'
import { conversations } from './conversations.js'

const OPEN = ['queued', 'running']
// Nobody reads faster, and each drawing takes the time of the next one.
const BETWEEN_DRAWINGS = 100
const others = new BroadcastChannel('assistant.threads')
const threads = new Map()

others.onmessage = ({ data }) => threads.get(data)?.refresh()

export const isOpen = (message) => OPEN.includes(message.status)

export function threadOf(id) {
  if (!id) return new Thread(null)
  if (!threads.has(id)) threads.set(id, new Thread(id))
  return threads.get(id)
}

export class Thread extends Store {
  messages = []
  title = null
  older = null
  problem = null
  isLoaded = false
  #following = new Map()
  #isShown = false
  #timer = null

  constructor(id) {
    super()
    this.id = id
    this.isLoaded = !id
  }

  async open() {
    this.#isShown = true
    if (this.id) await this.refresh()
  }

  // Leave its replies to be made without being watched.
  close() {
    this.#isShown = false
    for (const control of this.#following.values()) control.abort()
    this.#following.clear()
  }

  async refresh() {
    if (!this.#isShown) return
    try {
      const { items: found, next } = await page(`/conversations/${this.id}`)
      this.problem = null
      this.title = found.title
      this.older = next
      this.messages = found.messages.map((message) => this.#known(message))
    } catch (problem) {
      this.problem = problem
    }
    this.isLoaded = true
    this.changed()
    for (const message of this.messages) if (isOpen(message) && message.job_id) this.#follow(message)
  }

  // A message that is being followed is newer here than what was read.
  #known(message) {
    const here = this.messages.find((one) => one.id === message.id)
    return here && this.#following.has(message.id) ? here : message
  }

  async more() {
    const found = await page(this.older)
    this.messages = [...found.items, ...this.messages]
    this.older = found.next
    this.changed()
  }

  async ask(content, options) {
    const asked = { id: 'asked', role: 'user', content, status: 'sending', citations: [] }
    this.messages = [...this.messages, asked]
    this.changed()
    try {
      const given = this.id ? { conversation_id: this.id, ...options } : options
      await this.#adopt(await post('/messages', { content, ...given }))
    } finally {
      this.messages = this.messages.filter((message) => message !== asked)
      this.changed()
    }
  }

  async edit(message, content, options) {
    await this.#adopt(await post(`/messages/${message.id}/edit`, { content, ...options }))
  }

  async regenerate(message, options) {
    await this.#adopt(await post(`/messages/${message.id}/regenerate`, options))
  }

  async retry(message) {
    await this.#adopt(await post(`/jobs/${message.job_id}/retry`))
  }

  async stop(message) {
    await post(`/jobs/${message.job_id}/cancel`)
  }

  async switchTo(messageId) {
    await patch(`/conversations/${this.id}`, { current_message_id: messageId })
    await this.refresh()
    others.postMessage(this.id)
  }

  async #adopt(job) {
    this.id = job.conversation_id
    threads.set(this.id, this)
    await this.refresh()
    others.postMessage(this.id)
    conversations.load()
  }

  async #follow(message) {
    if (this.#following.has(message.id)) return
    const control = new AbortController()
    this.#following.set(message.id, control)
    try {
      for await (const { kind, data } of follow(message.job_id, control.signal)) {
        this.#hear(message, kind, data)
      }
      if (!control.signal.aborted) await this.#end(message)
    } catch (problem) {
      message.problem = problem
    }
    if (this.#following.get(message.id) === control) this.#following.delete(message.id)
    this.changed()
  }

  #hear(message, kind, data) {
    if (kind === 'delta' || kind === 'snapshot') {
      if (!message.content && data.text) announce(t('chat.began'))
      message.content = kind === 'delta' ? message.content + data.text : data.text
    } else if (kind === 'state') message.status = data.state
    else if (kind === 'citations' || kind === 'support') message[kind] = data[kind]
    else if (kind === 'progress') message.stage = data.stage
    else if (kind === 'done') message.error = data.error
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.changed()
    }, BETWEEN_DRAWINGS)
  }

  async #end(message) {
    Object.assign(message, await get(`/messages/${message.id}`))
    announce(t(message.status === 'succeeded' ? 'chat.ended' : 'chat.ended_badly'))
    conversations.load()
    others.postMessage(this.id)
  }
}
