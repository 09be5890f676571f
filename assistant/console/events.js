// Follow a job live: server-sent events by fetch, which can send the token, with what was missed.
import { pause, request } from './api.js'
import { isAbort } from './problems.js'

const LONGEST_PAUSE = 15_000
const FIRST_PAUSE = 500

// Yield each event of a job once and in order; `done` is the last.
export async function* follow(jobId, signal) {
  let seen = null
  let wait = FIRST_PAUSE
  while (!signal.aborted) {
    try {
      const headers = seen === null ? {} : { 'Last-Event-ID': seen }
      const answer = await request('GET', `/jobs/${jobId}/events`, { headers, signal })
      if (answer.status === 204) return
      for await (const event of frames(answer.body)) {
        seen = event.id ?? seen
        wait = FIRST_PAUSE
        yield event
        if (event.kind === 'done') return
      }
    } catch (error) {
      if (signal.aborted || isAbort(error)) return
      // A broken connection is no Problem; whatever the server refuses for good is.
      if (error.status && !error.passes) throw error
    }
    await pause(wait, signal)
    wait = Math.min(wait * 2, LONGEST_PAUSE)
  }
}

async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const pieces = (rest + value).split('\n\n')
      rest = pieces.pop()
      for (const piece of pieces) {
        const event = parsed(piece)
        if (event) yield event
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

function parsed(frame) {
  const fields = {}
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart()
  }
  if (fields.data === undefined) return null
  return { id: fields.id, kind: fields.event, data: JSON.parse(fields.data) }
}
