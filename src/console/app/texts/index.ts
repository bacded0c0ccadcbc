import { signal } from '@preact/signals'
import { en, type TextKey, type Texts } from './en.ts'
import { ko } from './ko.ts'

export type Language = 'en' | 'ko'

const tables: Readonly<Record<Language, Texts>> = { en, ko }

/** What was chosen, else what the browser asks for. */
export const language = signal<Language>(chosen())

function chosen(): Language {
  const kept = localStorage.getItem('language')
  if (kept === 'en' || kept === 'ko') return kept
  return navigator.languages.find((one) => /^(en|ko)\b/.test(one))?.startsWith('ko') ? 'ko' : 'en'
}

export function chooseLanguage(next: Language): void {
  language.value = next
  localStorage.setItem('language', next)
}

export function t(key: TextKey, ...given: readonly (string | number)[]): string {
  return tables[language.value][key].replace(/\{(\d)\}/g, (_, at) => String(given[Number(at)] ?? ''))
}

export type { TextKey }
