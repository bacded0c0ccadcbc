/** Longer texts are cut: an error stands at the end or the beginning of what people paste. */
const longest = 200_000

/**
 * A pasted text, made comparable: lower case, blanks as one space, and beside the text as it is the
 * same text with its JSON, HTML and URL escapes undone, twice, for logs quote bodies that quote.
 */
export function flatten(pasted: string): string {
  const text =
    pasted.length <= longest ? pasted : `${pasted.slice(0, longest / 2)}\n${pasted.slice(-longest / 2)}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with one
  const plain = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
  const views = [plain]
  for (let round = 0; round < 2; round++) {
    const last = views.at(-1) as string
    const next = unescaped(last)
    if (next === last) break
    views.push(next)
  }
  return views.map((view) => view.replace(/\s+/g, ' ').trim().toLowerCase()).join('\n')
}

const letters: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\n',
  t: ' ',
  '"': '"',
  "'": "'",
  '/': '/',
  '\\': '\\',
}
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#34': '"',
  '#39': "'",
  '#x27': "'",
  '#x2f': '/',
  nbsp: ' ',
}

function unescaped(text: string): string {
  return text
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/\\([nrt"'/\\])/g, (_, letter: string) => letters[letter] ?? '')
    .replace(/&(#?\w{2,5});/g, (whole, name: string) => entities[name.toLowerCase()] ?? whole)
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
      try {
        return decodeURIComponent(run)
      } catch {
        return run
      }
    })
}
