import { isFault } from '../../base/index.ts'
import { releaseAnswers } from '../../compose/release-answers.ts'
import type { Door, Explanation, explain, Question } from '../../policy/index.ts'
import { explainer } from '../explain/explain-one.ts'
import { readQuestion } from '../explain/read-question.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'
import { type ExampleTest, readTests } from './read-tests.ts'
import { asJson, asJunit, asTable, asTap } from './render.ts'

export interface TestResult {
  readonly test: ExampleTest
  /** What was otherwise; empty = passed. */
  readonly failures: readonly string[]
  readonly got?: { readonly verdict: string; readonly reason: string }
}

/** @throws Fault for whatever tests or YAML have wrong, with its place */
export async function runTests(
  io: Io,
  files: readonly string[],
  options: DoorOptions & { readonly output: string },
): Promise<number> {
  const tests = (await Promise.all(files.map((file) => readTests(io, file)))).flat()
  const { mesh, door } = await readDoor(io, 'test', options)
  const provider = releaseAnswers(mesh)
  const ask = await explainer(options)
  const results = tests.map((test) => runTest(door, test, provider, ask))
  const shown = { json: asJson, junit: asJunit, tap: asTap }[options.output]
  io.out(shown?.(results) ?? asTable(results, wantsColour(io, 'out')))
  return results.some(({ failures }) => failures.length > 0) ? exitCode.no : exitCode.ok
}

function runTest(
  door: Door,
  test: ExampleTest,
  provider: Question['provider'],
  ask: typeof explain,
): TestResult {
  let question: Question
  try {
    const header = test.headers.map(([name, value]) => `${name}: ${value}`)
    question = readQuestion('test', [test.method, test.url], { as: test.as, header }, Date.now() / 1000)
  } catch (error) {
    if (!isFault(error)) throw error
    return { test, failures: [error.message] }
  }
  const result = ask(door, { ...question, signature: () => false, ...(provider && { provider }) })
  if ('problem' in result) return { test, failures: [`no gateway listens on port ${result.port}`] }
  const { verdict, reason } = result
  return { test, failures: failuresOf(test, result), got: { verdict, reason } }
}

function failuresOf({ expect }: ExampleTest, result: Explanation): readonly string[] {
  const failures: string[] = []
  const { decision, verdict, reason } = result
  if (expect.verdict !== undefined && expect.verdict !== verdict) {
    failures.push(`expected ${expect.verdict}, got ${verdict} (${reason})`)
  }
  const status = decision.kind === 'reply' ? decision.status : undefined
  if (expect.status !== undefined && expect.status !== status) {
    const got =
      status === undefined
        ? `none: it is ${decision.kind === 'forward' ? 'handed on' : decision.kind}`
        : status
    failures.push(`expected status ${expect.status}, got ${got}`)
  }
  if (expect.service !== undefined) {
    const names = servicesOf(result)
    if (verdict !== 'allow' || !names.includes(expect.service)) {
      failures.push(
        `expected to reach ${expect.service}, got ${verdict === 'allow' ? names[0] : `${verdict} (${reason})`}`,
      )
    }
  }
  // What the workload is handed, or what the caller is answered.
  const headers = decision.kind === 'forward' || decision.kind === 'reply' ? decision.headers : []
  for (const [name, value] of expect.headers ?? []) {
    const found = headers.filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, text]) => text)
    if (!found.includes(value))
      failures.push(`expected header ${name}: ${value}, got ${found.join(', ') || 'none'}`)
  }
  return failures
}

/** The last Service a gateway sent it to, by every name a person gives it. */
function servicesOf({ hops, workload }: Explanation): readonly string[] {
  const forwards = hops.flatMap(({ decision }) => (decision.kind === 'forward' ? [decision] : []))
  const last = forwards.findLast(({ upstream }) => !upstream.startsWith('inbound|')) ?? forwards.at(-1)
  const host = last?.destination.host ?? ''
  const [name = '', namespace = ''] = host.split('.')
  return [
    host,
    `${name}.${namespace}`,
    `${namespace}/${name}`,
    name,
    ...(workload === undefined ? [] : [`${workload.namespace}/${workload.name}`]),
  ]
}
