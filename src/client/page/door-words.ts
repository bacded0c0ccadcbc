import type { Answer } from '../http/agent.ts'
import { type Page, readPage } from './html.ts'

const LONGEST = 300

export function isHtml({ headers, body }: Pick<Answer, 'headers' | 'body'>): boolean {
  const type = headers.get('content-type') ?? ''
  return /\bhtml\b/i.test(type) || (type === '' && /^\s*<(?:!doctype|html|head|body)\b/i.test(body))
}

/**
 * What the door itself says in an answer: the error a page announces, the description of an OAuth
 * error, the message of JSON, the line of a plain text. Empty when it says nothing.
 */
export function doorWords(answer: Pick<Answer, 'headers' | 'body' | 'status' | 'url'>): string {
  if (isHtml(answer)) return pageWords(readPage(answer.body, answer.url))
  const text = answer.body.trim()
  if (text === '') return ''
  const json = parseJson(text)
  if (json !== undefined) return cut(jsonWords(json))
  return cut(text.replace(/\s+/g, ' '))
}

/** An announced error; else what the page says below its headings; else the headings, the title. */
export function pageWords({ alerts, texts, headings, title }: Page): string {
  const [alert] = alerts.filter((one) => one !== '×')
  // An error page may mark itself as a whole: its longest sentence is the one that says something.
  if (alert !== undefined && alert.length <= LONGEST) return cut(withoutLabels(alert))
  const said = texts.filter(
    (one) =>
      /\s/.test(one) && one.length > 8 && !/^(request id\b|more info$|secured with|powered by)/i.test(one),
  )
  return cut(said[0] ?? headings.filter((one) => !/^\d{3}$/.test(one)).join(': ') ?? title) || cut(title)
}

const withoutLabels = (text: string) =>
  text
    .replace(/^\d{3}\s+/, '')
    .replace(/^(?:Forbidden|Bad Request|Unauthorized|Internal Server Error)\s+(?=\S+\s\S)/, '')
    .replace(/^More Info\s+/, '')
    .replace(/\s*Request ID: \S+.*$/, '')

function jsonWords(json: unknown): string {
  if (typeof json === 'string') return json
  if (typeof json !== 'object' || json === null) return ''
  const fields = json as Record<string, unknown>
  const [error, description] = [fields.error, fields.error_description]
  if (typeof error === 'string') return typeof description === 'string' ? `${description} (${error})` : error
  for (const name of ['message', 'error_message', 'detail', 'msg', 'log']) {
    if (typeof fields[name] === 'string') return fields[name]
  }
  return ''
}

function parseJson(text: string): unknown {
  if (!/^[[{"]/.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a door says must not drive a terminal.
const control = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** Safe to show: one line, bounded, nothing that moves a cursor. */
export function cut(text: string): string {
  const clean = text.replace(control, ' ').trim()
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean
}
