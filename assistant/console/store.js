// Values that several components show: whoever uses a store is drawn anew when it changes.
import { useEffect, useState } from './html.js'

export class Store {
  #listeners = new Set()

  subscribe(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed() {
    for (const listener of [...this.#listeners]) listener()
  }
}

export function useStore(store) {
  const [, draw] = useState(0)
  useEffect(() => {
    const again = () => draw((count) => count + 1)
    // It may have changed between drawing and this.
    again()
    return store.subscribe(again)
  }, [store])
  return store
}
