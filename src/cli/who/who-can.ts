import { releaseAnswers } from '../../compose/release-answers.ts'
import type { Explanation } from '../../policy/index.ts'
import { callerName, findPrincipals } from '../../regions/index.ts'
import { explainer } from '../explain/explain-one.ts'
import { readQuestion } from '../explain/read-question.ts'
import { exitCode, type Io } from '../io.ts'
import { readPrincipal } from '../map/print-map.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'

export interface WhoCanOptions extends DoorOptions {
  readonly header?: readonly string[]
  readonly as?: readonly string[]
  readonly output: string
}

interface Row {
  readonly principal: string
  readonly verdict: string
  readonly reason: string
  readonly upstream?: string
}

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function printWhoCan(io: Io, words: readonly string[], options: WhoCanOptions): Promise<number> {
  const { header } = options
  const typed = readQuestion(
    'who-can',
    words,
    { as: 'anonymous', ...(header && { header }) },
    Date.now() / 1000,
  )
  const principals = options.as?.map(readPrincipal)
  const { mesh, door } = await readDoor(io, 'who-can', options)
  const provider = releaseAnswers(mesh)
  const ask = await explainer(options)
  const rows = (principals ?? findPrincipals(mesh)).map((principal): Row => {
    const asked = { ...typed, principal, signature: () => false, ...(provider && { provider }) }
    const result = ask(door, asked)
    const name = callerName(principal)
    if ('problem' in result) return { principal: name, verdict: 'unavailable', reason: result.problem }
    return { principal: name, verdict: result.verdict, reason: result.reason, ...upstreamOf(result) }
  })
  const line = `${typed.method} ${typed.scheme}://${typed.connectTo ?? typed.host}${typed.path}`
  io.out(options.output === 'json' ? asJson(line, rows) : asTable(line, rows))
  if (rows.some(({ verdict }) => verdict === 'allow')) return exitCode.ok
  return rows.some(({ verdict }) => verdict === 'unknown') ? exitCode.undecided : exitCode.no
}

function upstreamOf({ hops }: Explanation): { readonly upstream?: string } {
  const forwards = hops.flatMap(({ decision }) => (decision.kind === 'forward' ? [decision.upstream] : []))
  const upstream = forwards.findLast((each) => !each.startsWith('inbound|')) ?? forwards.at(-1)
  return upstream === undefined ? {} : { upstream }
}

function asJson(request: string, rows: readonly Row[]): string {
  return JSON.stringify({ apiVersion: 'kfdoor/v1alpha1', kind: 'WhoCan', request, rows })
}

function asTable(request: string, rows: readonly Row[]): string {
  const folded = new Map<string, { readonly row: Row; readonly names: string[] }>()
  for (const row of rows) {
    const key = `${row.verdict} ${row.reason}`
    const known = folded.get(key)
    if (known === undefined) folded.set(key, { row, names: [row.principal] })
    else known.names.push(row.principal)
  }
  const order = ['allow', 'unknown', 'challenge', 'redirect']
  const rank = (verdict: string) => (order.indexOf(verdict) + order.length + 1) % (order.length + 1)
  const lines = [...folded.values()]
    .sort((a, b) => rank(a.row.verdict) - rank(b.row.verdict))
    .flatMap(({ row, names }) => [
      `${row.verdict} (${row.reason})${row.upstream === undefined ? '' : ` ${row.upstream}`}`,
      ...names.map((name) => `  ${name}`),
    ])
  return [request, '', ...lines].join('\n')
}
