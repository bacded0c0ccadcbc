/** Text that is HTML already. Made by `html` only, so it cannot hold what a user typed unescaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | false | undefined | readonly Part[]

/**
 * HTML with everything put into it escaped, for element content and double-quoted attributes.
 * Nothing is escaped twice: what `html` made goes in as it is.
 *
 * @example
 * html`<a href="${url}">${name}</a>`.text
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] as string
  parts.forEach((part, index) => {
    text += render(part) + strings[index + 1]
  })
  return new Html(text)
}

function render(part: Part): string {
  if (part === undefined || part === false) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(render).join('')
  return escapeHtml(String(part))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

/** As Go's html.EscapeString, which Dex's pages and redirects go through. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char] as string)
}
