import { examples } from './examples.ts'

/** The beginning of a text that shows a problem, as somebody pasted it. */
export function shownBy(code: string): string | undefined {
  return examples.find((each) => each.code === code)?.text.slice(0, 600)
}
