// Where files and folders are dropped or chosen.
import { html, useRef, useState } from '../html.js'
import { t } from '../words.js'

export function Drop({ onFiles }) {
  const [isOver, setOver] = useState(false)
  const files = useRef()
  const folder = useRef()
  const drop = async (event) => {
    event.preventDefault()
    setOver(false)
    // What was dropped is gone with the event, so all of it is taken at once.
    const items = [...event.dataTransfer.items].filter((item) => item.kind === 'file')
    const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile())
    const found = await Promise.all(entries.map(filesIn))
    onFiles(found.flat())
  }
  const chosen = (event) => {
    onFiles([...event.target.files].filter(isMeant))
    event.target.value = ''
  }
  return html`
    <div
      class="drop ${isOver ? 'over' : ''}" onDrop=${drop}
      onDragOver=${(event) => { event.preventDefault(); setOver(true) }} onDragLeave=${() => setOver(false)}
    >
      <p>${t('documents.drop')}</p>
      <button type="button" class="main" onClick=${() => files.current.click()}>${t('documents.choose')}</button>
      <button type="button" onClick=${() => folder.current.click()}>${t('documents.choose_folder')}</button>
      <input ref=${files} type="file" multiple hidden name="files" aria-label=${t('documents.choose')} onChange=${chosen} />
      <input ref=${folder} type="file" multiple webkitdirectory hidden name="folder" aria-label=${t('documents.choose_folder')} onChange=${chosen} />
    </div>
  `
}

// What systems put beside files is nobody's document.
const isMeant = (file) => !file.name.startsWith('.') && file.name !== 'Thumbs.db'

async function filesIn(entry) {
  if (!entry) return []
  if (entry instanceof File) return [entry].filter(isMeant)
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject))
    return [file].filter(isMeant)
  }
  const reader = entry.createReader()
  const found = []
  for (;;) {
    // A folder is told in portions, and an empty one ends it.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (!some.length) return (await Promise.all(found.map(filesIn))).flat()
    found.push(...some)
  }
}
