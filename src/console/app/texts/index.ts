import { en, type TextKey, type Texts } from './en.ts'
import { ko } from './ko.ts'
import { type Language, language } from './language.ts'

const tables: Readonly<Record<Language, Texts>> = { en, ko }

export function t(key: TextKey, ...given: readonly (string | number)[]): string {
  return tables[language.value][key].replace(/\{(\d)\}/g, (_, at) => String(given[Number(at)] ?? ''))
}

export { chooseLanguage, type Language, language } from './language.ts'
export type { TextKey }
