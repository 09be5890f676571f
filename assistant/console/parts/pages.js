// A list that comes in pages, as a hook: what is there, more of it, and all of it anew.
import { page } from '../api.js'
import { useEffect, useState } from '../html.js'

export function usePages(path, query, key = '') {
  const [list, setList] = useState({ items: [], next: null, isLoaded: false })
  const [problem, setProblem] = useState(null)
  const load = async (place, known) => {
    try {
      const found = await page(place, known.length ? undefined : query)
      setList({ items: [...known, ...found.items], next: found.next, isLoaded: true })
      setProblem(null)
    } catch (error) {
      setProblem(error)
    }
  }
  const again = () => load(path, [])
  useEffect(() => {
    again()
  }, [path, key])
  const more = list.next && (() => load(list.next, list.items))
  return { ...list, problem, again, more }
}
