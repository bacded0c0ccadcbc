import { readFileSync } from 'node:fs'
import { Fault, renderProblem } from '../../base/index.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { parseMesh } from '../../mesh/index.ts'
import {
  assumedKeys,
  type CheckAnswer,
  compileDoor,
  explain,
  type HeaderList,
  parsePrincipal,
  type Question,
  type Verdict,
} from '../../policy/index.ts'
import type { Io } from '../io.ts'
import { asJson, asTable } from './render.ts'

interface Options {
  readonly method: string
  readonly url: string
  readonly filename: readonly string[]
  readonly as: string
  readonly header?: readonly string[]
  readonly data?: string
  readonly cert?: string
  readonly answer?: string
  readonly istioVersion?: string
  readonly trace?: true
  readonly output: string
}

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function explainOne(io: Io, options: Options): Promise<Verdict> {
  const question = readQuestion(options)
  const { mesh, problems } = parseMesh(await readInputs(options.filename, () => io.readStdin()))
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  const door = compileDoor(mesh, {
    fetched: assumedKeys,
    ...(options.istioVersion !== undefined && { istioVersion: options.istioVersion }),
  })
  const result = explain(door, question)
  if ('problem' in result) {
    throw new Fault('ERR_NO_GATEWAY', { where: `${result.entry}, port ${result.port},` })
  }
  io.out(options.output === 'json' ? asJson(result) : asTable(result, { trace: options.trace === true }))
  return result.verdict
}

function readQuestion(options: Options): Question {
  const principal = parsePrincipal(options.as)
  if (principal === undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`${options.as}\` is no principal`,
      next: 'use anonymous, user:EMAIL, sa:NAMESPACE/NAME, mesh:NAMESPACE/ACCOUNT or outside',
    })
  }
  // Not `new URL`: it would resolve dots and fold the host, which the door is to do.
  const url = /^(https?):\/\/([^/?#]*)([/?].*)?$/i.exec(options.url)
  const [, scheme = '', host = '', rest = '/'] = url ?? []
  if (url === null || host === '' || !/^[A-Z][A-Z-]*$/.test(options.method)) {
    throw new Fault('ERR_USAGE', {
      message:
        url === null || host === ''
          ? `\`${options.url}\` is no http(s) URL`
          : `\`${options.method}\` is no HTTP method`,
    })
  }
  const headers: HeaderList = (options.header ?? []).map(readHeader)
  const named = headers.find(([name]) => name.toLowerCase() === 'host')
  return {
    method: options.method,
    scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http',
    host: named?.[1] ?? host,
    path: rest.startsWith('/') ? rest : `/${rest}`,
    headers: headers.filter((header) => header !== named),
    principal,
    now: Date.now() / 1000,
    ...(options.data !== undefined && { body: options.data }),
    ...(options.cert !== undefined && { certificate: options.cert }),
    ...(options.answer !== undefined && { answers: readAnswers(options.answer) }),
  }
}

function readHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw new Fault('ERR_USAGE', { message: `\`${line}\` is no header line, \`Name: value\`` })
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function readAnswers(file: string): readonly CheckAnswer[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : 'it cannot be opened'
    throw new Fault('ERR_INPUT_UNREADABLE', { path: file, reason }, { cause: error })
  }
  const list = Array.isArray(parsed) ? parsed : [parsed]
  return list.map((entry: Partial<CheckAnswer>) => ({ status: 0, headers: [], ...entry }))
}
