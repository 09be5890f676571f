// The controls for what the next question is asked with.
import { html, useState } from '../html.js'
import { useStore } from '../store.js'
import { t } from '../words.js'
import { ALL, CHOSEN, NOTHING, choice } from './choice.js'
import { Picker } from './picker.js'

export function Settings() {
  useStore(choice)
  const [isPicking, pick] = useState(false)
  const from = (event) => {
    choice.set({ from: event.target.value })
    if (event.target.value === CHOSEN) pick(true)
  }
  const chosen = choice.from === CHOSEN
  return html`
    <div class="settings">
      <label>${t('choice.from')}
        <select value=${choice.from} onChange=${from}>
          <option value=${NOTHING}>${t('choice.nothing')}</option>
          <option value=${ALL}>${t('choice.all')}</option>
          <option value=${CHOSEN}>${t('choice.chosen')}</option>
        </select>
      </label>
      ${chosen && html`
        <button type="button" onClick=${() => pick(true)} title=${choice.names.join(', ')}>
          ${choice.names.length ? t('choice.count', { n: choice.names.length }) : t('choice.pick')}
        </button>`}
      <label>${t('choice.model')}
        <select value=${choice.model} onChange=${(event) => choice.set({ model: event.target.value })}>
          <option value="">${t('choice.default')}</option>
          ${choice.models.map(({ id }) => html`<option key=${id} value=${id}>${id === 'extractive' ? t('choice.extractive') : id}</option>`)}
        </select>
      </label>
      <label>${t('choice.temperature')}
        <select value=${choice.temperature} onChange=${(event) => choice.set({ temperature: event.target.value })}>
          <option value="">${t('choice.default')}</option>
          ${['0', '0.3', '0.7', '1', '1.5'].map((value) => html`<option key=${value} value=${value}>${value}</option>`)}
        </select>
      </label>
      ${isPicking && html`<${Picker} onClose=${() => pick(false)} />`}
    </div>
  `
}
