import { signal } from '@preact/signals'

export type Language = 'en' | 'ko'

/** What was chosen, else what the browser asks for. */
export const language = signal<Language>(chosen())

function chosen(): Language {
  // Tests of the texts run without a page.
  if (typeof document === 'undefined') return 'en'
  const kept = localStorage.getItem('language')
  if (kept === 'en' || kept === 'ko') return kept
  return navigator.languages.find((one) => /^(en|ko)\b/.test(one))?.startsWith('ko') ? 'ko' : 'en'
}

export function chooseLanguage(next: Language): void {
  language.value = next
  localStorage.setItem('language', next)
}
