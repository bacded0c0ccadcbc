import type { HeaderList } from '../../policy/index.ts'
import type { Answer, Question } from './question.ts'

const HTML = 'text/html; charset=utf-8'
const TEXT = 'text/plain; charset=utf-8'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

/** Go's html.EscapeString, in the five characters that matter in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char] as string)
}

/** Go's http.Redirect (net/http/server.go): a body for GET, a content type for GET and HEAD. */
export function redirect(
  { method }: Pick<Question, 'method'>,
  location: string,
  headers: HeaderList = [],
): Answer {
  const target = asciiLocation(location)
  const reads = method === 'GET' || method === 'HEAD'
  return {
    status: 302,
    headers: [...(reads ? [['content-type', HTML] as const] : []), ['location', target], ...headers],
    ...(method === 'GET' && { body: `<a href="${escapeHtml(target)}">Found</a>.\n\n` }),
  }
}

/** Percent-encodes what may not stand in a header, as Go's hexEscapeNonASCII. */
function asciiLocation(location: string): string {
  return location.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()))
}

export function text(status: number, body: string, headers: HeaderList = []): Answer {
  return { status, headers: [['content-type', TEXT], ...headers], body }
}

/** Go's http.Error. */
export function statusText(status: number, phrase: string, headers: HeaderList = []): Answer {
  return text(status, `${phrase}\n`, headers)
}

export function json(status: number, body: string, headers: HeaderList = []): Answer {
  return { status, headers: [['content-type', 'application/json'], ...headers], body }
}

/** Go's url.Values.Encode: sorted by key, space as `+`. */
export function encodeQuery(parameters: Readonly<Record<string, string | undefined>>): string {
  const entries = Object.entries(parameters).filter((one): one is [string, string] => one[1] !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([key, value]) => `${queryEscape(key)}=${queryEscape(value)}`).join('&')
}

/** Go's url.QueryEscape. */
function queryEscape(value: string): string {
  return encodeURIComponent(value.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

export function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`
}
