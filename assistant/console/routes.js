// Which page is shown, by what stands behind the # of the address.
import { useEffect, useState } from './html.js'

export function parse(hash) {
  const [page = '', ...rest] = hash.replace(/^#\/?/, '').split('/')
  return { page: page || 'chat', id: rest[0] ? decodeURIComponent(rest[0]) : null }
}

export const pathTo = (page, id) => `#/${page}${id ? `/${encodeURIComponent(id)}` : ''}`

export function go(page, id, { replace = false } = {}) {
  const path = pathTo(page, id)
  if (location.hash === path) return
  if (replace) {
    history.replaceState(null, '', path)
    dispatchEvent(new HashChangeEvent('hashchange'))
  } else location.hash = path
}

export function useRoute() {
  const [route, set] = useState(parse(location.hash))
  useEffect(() => {
    const look = () => set(parse(location.hash))
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  return route
}
