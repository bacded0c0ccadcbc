import { readFileSync } from 'node:fs'
import { domainToASCII } from 'node:url'
import { Fault } from '../../base/index.ts'
import {
  type CheckAnswer,
  type HeaderList,
  type Principal,
  parsePrincipal,
  type Question,
} from '../../policy/index.ts'
import { parseCurl } from './curl.ts'

/** The options of a question, as commander gives them. */
export interface QuestionOptions {
  readonly as: string
  readonly header?: readonly string[]
  readonly data?: string
  readonly cert?: string
  readonly answer?: string
}

/**
 * A question from what was typed after the command: `URL`, `METHOD URL`, or a whole `curl …`.
 *
 * @throws Fault ERR_USAGE, ERR_INPUT_UNREADABLE
 */
export function readQuestion(
  command: string,
  words: readonly string[],
  options: QuestionOptions,
  now: number,
): Question {
  const typed = words[0] === 'curl' ? parseCurl(words, readText) : readWords(command, words)
  // A token is a word of three parts: what HTTP calls a method.
  if (!/^[A-Z][A-Z-]*$/.test(typed.method)) {
    const upper = typed.method.toUpperCase()
    throw new Fault('ERR_USAGE', {
      message: `\`${typed.method}\` is no HTTP method`,
      ...(/^[A-Z][A-Z-]*$/.test(upper) && { next: `methods are written in capitals: \`${upper}\`` }),
    })
  }
  const { scheme, host, path } = readUrl(typed.url)
  const headers: HeaderList = [...typed.headers, ...(options.header ?? []).map(readHeader)]
  const named = headers.find(([name]) => name.toLowerCase() === 'host')
  const body = options.data ?? typed.body
  return {
    method: typed.method,
    scheme,
    host: named?.[1] ?? host,
    ...(named !== undefined && { connectTo: host }),
    path,
    headers: headers.filter((header) => header !== named),
    principal: readPrincipal(options.as),
    now,
    ...(body !== undefined && { body }),
    ...(options.cert !== undefined && { certificate: readSpiffe(options.cert) }),
    ...(options.answer !== undefined && { answers: readAnswers(options.answer) }),
  }
}

interface Typed {
  readonly method: string
  readonly url: string
  readonly headers: HeaderList
  readonly body?: string
}

function readWords(command: string, words: readonly string[]): Typed {
  const [first, second, extra] = words
  if (first === undefined) {
    throw new Fault('ERR_USAGE', {
      message: `${command} needs a URL`,
      next: `for example \`kfdoor ${command} GET https://localhost/ -f profile:26.03\``,
    })
  }
  if (extra !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`${extra}\` is one word too many`,
      next: `write \`kfdoor ${command} METHOD URL\``,
    })
  }
  const [method, url] = second === undefined ? ['GET', first] : [first, second]
  return { method, url, headers: [] }
}

/** @throws Fault ERR_USAGE */
function readPrincipal(text: string): Principal {
  const principal = parsePrincipal(text)
  if (principal !== undefined) return principal
  throw new Fault('ERR_USAGE', {
    message: `\`${text}\` is no principal`,
    next: 'use anonymous, user:EMAIL, sa:NAMESPACE/NAME, mesh:NAMESPACE/ACCOUNT or outside',
  })
}

/** Not `new URL`: it would resolve dots and fold the host, which the door is to do. */
function readUrl(text: string): Pick<Question, 'scheme' | 'host' | 'path'> {
  const [, scheme = '', host = '', rest = '/'] = /^(https?):\/\/([^/?#\\\s]*)([/?][^#]*)?/i.exec(text) ?? []
  const wrong = (message: string): never => {
    throw new Fault('ERR_USAGE', { message, next: 'write it as `https://HOST/PATH`' })
  }
  if (host.includes('@')) return wrong('a URL with a user or password in it is not asked about')
  if (host === '') return wrong(`\`${text}\` is no http(s) URL`)
  const [, name = '', port] = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(\d*))?$/i.exec(host) ?? []
  if (name === '') return wrong(`\`${host}\` is no host`)
  if (port !== undefined && (port === '' || Number(port) < 1 || Number(port) > 65_535)) {
    return wrong(`\`${host}\` has no port from 1 to 65535`)
  }
  // A client sends names outside ASCII in their Punycode form.
  const sent = /^[\x21-\x7e]*$/.test(name) ? name : domainToASCII(name)
  if (sent === '') return wrong(`\`${host}\` is no host`)
  return {
    scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http',
    host: port === undefined ? sent : `${sent}:${port}`,
    path: encodeOther(rest.startsWith('/') ? rest : `/${rest}`),
  }
}

/** Clients percent-encode what may not stand in a request line; everything else is sent as typed. */
function encodeOther(path: string): string {
  return path.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()))
}

function readHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw new Fault('ERR_USAGE', { message: `\`${line}\` is no header line, \`Name: value\`` })
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function readSpiffe(uri: string): string {
  if (/^spiffe:\/\/[^/]+\/./.test(uri)) return uri
  throw new Fault('ERR_USAGE', {
    message: `\`${uri}\` is no SPIFFE name`,
    next: 'write it as `spiffe://cluster.local/ns/NAMESPACE/sa/ACCOUNT`',
  })
}

/** The providers' answers, in the order they are asked: one object, or a list. */
function readAnswers(file: string): readonly CheckAnswer[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(readText(file))
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('ERR_INPUT_UNREADABLE', { path: file, reason: 'it is not JSON' }, { cause: error })
  }
  const wrong = (reason: string): never => {
    throw new Fault('ERR_INPUT_UNREADABLE', { path: file, reason })
  }
  return [parsed].flat().map((entry: unknown): CheckAnswer => {
    if (typeof entry !== 'object' || entry === null) return wrong('an answer has to be an object')
    const { status, headers = [], grpc, failure } = entry as Readonly<Record<string, unknown>>
    if (typeof status !== 'number' && grpc === undefined && failure === undefined) {
      return wrong('an answer needs a `status`, for example `{"status": 200, "headers": [["x-user", "a"]]}`')
    }
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers as object)
    if (
      !pairs.every(
        (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'),
      )
    ) {
      return wrong('`headers` of an answer are pairs of name and value')
    }
    return { ...(entry as CheckAnswer), status: typeof status === 'number' ? status : 0, headers: pairs }
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Fault('ERR_INPUT_UNREADABLE', { path: file, reason: 'it cannot be opened' }, { cause: error })
  }
}
