// Errors as people read them; the API says in each what happened and what to do next.
import { t } from './words.js'

export class Problem extends Error {
  constructor({ status = 0, code = '', detail = '', retryAfter = null }) {
    super(detail || t('error.unknown'))
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }

  // Whether the same request may do better in a moment.
  get passes() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export function problemOf(status, body, headers) {
  const retryAfter = Number(headers?.get?.('Retry-After')) || null
  let found = {}
  try {
    found = JSON.parse(body)
  } catch {
    // A proxy answered in its own words.
  }
  const detail = found.detail || t('error.status', { status })
  return new Problem({ status, code: found.code, detail, retryAfter })
}

export const unreachable = () => new Problem({ code: 'unreachable', detail: t('error.unreachable') })

export const isAbort = (error) => error?.name === 'AbortError'
