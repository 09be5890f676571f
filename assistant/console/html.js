// What every component writes with: elements in template strings, and hooks.
import { Fragment, h, render } from './vendor/preact.js'
import htm from './vendor/htm.js'

export const html = htm.bind(h)
export { Fragment, h, render }
export * from './vendor/hooks.js'
