// Times as here, sizes for people.
import { language, t } from './words.js'

const DAY = 24 * 3600 * 1000

export function time(iso) {
  if (!iso) return ''
  const at = new Date(iso)
  const sameDay = at.toDateString() === new Date().toDateString()
  const near = Date.now() - at < 300 * DAY
  const date = near ? { month: 'short', day: 'numeric' } : { dateStyle: 'medium' }
  const clock = { hour: '2-digit', minute: '2-digit' }
  const shown = sameDay ? clock : near ? { ...date, ...clock } : date
  return new Intl.DateTimeFormat(language.now, shown).format(at)
}

export function size(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  let left = bytes
  let unit = 0
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000
    unit += 1
  }
  const digits = unit && left < 10 ? 1 : 0
  const style = { style: 'unit', unit: units[unit], maximumFractionDigits: digits }
  return new Intl.NumberFormat(language.now, style).format(left)
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language.now, { maximumFractionDigits: digits }).format(value)

export const seconds = (value) =>
  value < 120
    ? t('format.seconds', { n: number(value, value < 10 ? 1 : 0) })
    : t('format.minutes', { n: number(value / 60) })
