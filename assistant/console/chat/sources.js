// What a reply from documents rests on, beside it; a click opens the place.
import { evidence } from '../evidence/shown.js'
import { html } from '../html.js'
import { t } from '../words.js'

export function Sources({ message }) {
  const citations = message.citations ?? []
  const open = (message.support ?? []).filter((sentence) => sentence.supported === false).length
  if (!citations.length && !open) return null
  return html`
    <div class="sources" role="group" aria-label=${t('evidence.sources')}>
      ${open > 0 && html`<p class="unproven"><span aria-hidden="true">⚠</span> ${t('support.count', { n: open })}</p>`}
      ${citations.length > 0 && html`
        <h3>${t('evidence.sources')}</h3>
        <ul>
          ${citations.map((citation) => html`
            <li key=${`${citation.marker}.${citation.document_id}.${citation.start}`}>
              <button type="button" class="source" onClick=${() => evidence.show(citations, citation)}>
                <b>[${citation.marker}]</b> <bdi>${citation.filename}</bdi>${citation.page ? `, ${t('evidence.page', { n: citation.page })}` : ''}
                ${citation.deleted
                  ? html` <i>${t('evidence.deleted')}</i>`
                  : html`<q dir="auto">${citation.quote}</q>`}
              </button>
            </li>`)}
        </ul>`}
    </div>
  `
}
