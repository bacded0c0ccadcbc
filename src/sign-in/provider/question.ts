import type { Check, HeaderList } from '../../policy/index.ts'
import type { User } from '../sessions/sessions.ts'

/** What an auth service is asked, by a proxy about a request or by a browser about a page. */
export interface Question {
  readonly method: string
  /** The request target as sent, query included. */
  readonly target: string
  /** The path as sent, without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly host: string
  /** What the browser speaks to the door. */
  readonly scheme: 'http' | 'https'
  readonly headers: HeaderList
  readonly signal?: AbortSignal | undefined
  /** A form that was posted here; a check brings none. */
  readonly form?: URLSearchParams
}

export interface Answer {
  readonly status: number
  readonly headers: HeaderList
  readonly body?: string
  /** Whose request it is, or why it is nobody's: for whoever decides on top of the answer. */
  readonly about?: About
}

export type About =
  /** The same object for the same session, as long as it is remembered. */
  | { readonly kind: 'admitted'; readonly user: User; readonly by: 'cookie' | 'header' }
  /** Needs no sign-in. */
  | { readonly kind: 'exempt' }
  /** The answer leads to the sign-in; a program that calls is told where that begins. */
  | { readonly kind: 'nobody'; readonly api?: { readonly login: string } }
  /** `refused`: known, and not allowed. */
  | { readonly kind: 'refused' | 'unavailable' }

/** How long an answer is wanted: a `Request`, an `AbortController`, or whoever makes a signal when it is read. */
export interface Until {
  readonly signal: AbortSignal
}

/** A class, so that the query is read only where it is asked for, and costs nothing where it is not. */
class ReadQuestion implements Question {
  readonly method: string
  readonly target: string
  readonly path: string
  readonly host: string
  readonly scheme: 'http' | 'https'
  readonly headers: HeaderList
  private readonly until: Until | undefined
  private asked: URLSearchParams | undefined

  constructor(
    request: { readonly method: string; readonly target: string; readonly host: string },
    headers: HeaderList,
    scheme: 'http' | 'https',
    until: Until | undefined,
  ) {
    this.method = request.method
    // A fragment never belongs in a request target; whoever sends one must not hide a path in it.
    this.target = request.target.startsWith('/') ? request.target : `/${request.target}`
    const cut = this.target.search(/[?#]/)
    this.path = cut < 0 ? this.target : this.target.slice(0, cut)
    this.host = request.host
    this.scheme = scheme
    this.headers = headers
    this.until = until
  }

  /** Made by who asks, where it is wanted at all. */
  get signal(): AbortSignal | undefined {
    return this.until?.signal
  }

  get query(): URLSearchParams {
    const mark = this.target.indexOf('?')
    this.asked ??= new URLSearchParams(mark < 0 ? '' : this.target.slice(mark + 1).split('#', 1)[0])
    return this.asked
  }
}

/** Says what the browser speaks to the door, for a proxy's check or a request routed here. */
export type SchemeOf = (about: { readonly host: string; readonly headers: HeaderList }) => 'http' | 'https'

export function questionOfCheck(check: Check, scheme?: SchemeOf, until?: Until): Question {
  const { method, path: target, host, headers } = check
  return new ReadQuestion({ method, target, host }, headers, scheme?.(check) ?? 'http', until)
}

export function questionOfRequest(request: Request, scheme?: SchemeOf): Question {
  const url = new URL(request.url)
  const headers: HeaderList = [...request.headers]
  const host = request.headers.get('host') ?? url.host
  return new ReadQuestion(
    { method: request.method, target: url.pathname + url.search, host },
    headers,
    scheme?.({ host, headers }) ?? (url.protocol === 'https:' ? 'https' : 'http'),
    request,
  )
}

/** More than any form of a sign-in. */
const LARGEST_FORM = 64 * 1024

/** The same question with the form its request posted. */
export async function withForm(question: Question, request: Request): Promise<Question> {
  const type = request.headers.get('content-type') ?? ''
  if (request.method !== 'POST' || !/^application\/x-www-form-urlencoded\b/i.test(type) || !request.body)
    return question
  let text = ''
  const decoder = new TextDecoder()
  for await (const part of request.body) {
    text += decoder.decode(part, { stream: true })
    if (text.length > LARGEST_FORM) return question
  }
  // Spread, it would be read once and for all.
  return Object.create(question, { form: { value: new URLSearchParams(text) } }) as Question
}

export function responseOf(answer: Answer, method: string): Response {
  const empty = method === 'HEAD' || answer.status === 204 || answer.status === 304
  return new Response(empty ? null : (answer.body ?? ''), {
    status: answer.status,
    headers: answer.headers.map(([name, value]): [string, string] => [name, value]),
  })
}

/** The only value of a header; undefined when there is none or several. */
export function soleHeader(headers: HeaderList, name: string): string | undefined {
  let found: string | undefined
  for (const [one, value] of headers) {
    if (one.length !== name.length || one.toLowerCase() !== name) continue
    if (found !== undefined) return undefined
    found = value
  }
  return found
}

/** The token of the only `Authorization: Bearer` header (RFC 6750 §2.1). */
export function bearerToken(headers: HeaderList, name = 'authorization'): string | undefined {
  const value = soleHeader(headers, name)
  if (value === undefined || value.length < 8 || value.slice(0, 7).toLowerCase() !== 'bearer ')
    return undefined
  const token = value.slice(7).trim()
  return token === '' ? undefined : token
}
