import { readFileSync } from 'node:fs'
import { Fault } from '../../base/index.ts'
import type { CheckAnswer, HeaderList, Question } from '../../policy/index.ts'
import { parseCurl } from './curl.ts'
import { checkMethod, readHeader, readPrincipal, readSpiffe, readUrl } from './question-parts.ts'

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
  checkMethod(typed.method)
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
