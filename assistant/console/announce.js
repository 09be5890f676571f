// Say something to screen readers, once; a growing answer is never read token by token.
let timer

export function announce(words) {
  const place = document.getElementById('said')
  place.textContent = ''
  clearTimeout(timer)
  // The same words again are heard only if they were away.
  timer = setTimeout(() => {
    place.textContent = words
  }, 60)
}
