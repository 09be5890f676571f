// Light, dark, or as the system has it.
const KEY = 'assistant.theme'
export const THEMES = ['system', 'light', 'dark']

export const theme = () => localStorage.getItem(KEY) ?? 'system'

export function keepTheme(wanted) {
  if (wanted === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, wanted)
  apply()
}

export function apply() {
  document.documentElement.dataset.theme = theme()
}
