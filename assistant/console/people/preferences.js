// Language and theme, kept in this browser.
import { html, useState } from '../html.js'
import { THEMES, theme, keepTheme } from '../theme.js'
import { LANGUAGES, language, t } from '../words.js'

export function Preferences() {
  const [shown, show] = useState(theme())
  const choose = (event) => {
    keepTheme(event.target.value)
    show(event.target.value)
  }
  return html`
    <div class="preferences">
      <label>${t('preferences.language')}
        <select value=${language.now} onChange=${(event) => language.keep(event.target.value)}>
          ${Object.entries(LANGUAGES).map(([id, name]) => html`<option key=${id} value=${id} lang=${id}>${name}</option>`)}
        </select>
      </label>
      <label>${t('preferences.theme')}
        <select value=${shown} onChange=${choose}>
          ${THEMES.map((id) => html`<option key=${id} value=${id}>${t(`preferences.theme_${id}`)}</option>`)}
        </select>
      </label>
    </div>
  `
}
