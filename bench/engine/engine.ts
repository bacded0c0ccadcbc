import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesPerUnit } from '../kit/allocated.ts'
import { npmPeers } from '../kit/npm.ts'
import { atLeast, atMost, type Goal, judge, type Result } from '../kit/result.ts'
import { type Contestant, cpuPerUnit, interleaved, type Spread } from '../kit/rounds.ts'
import type { Effort, Report } from '../part.ts'
import { compileTimes } from './compile.ts'
import { doorRequest, kfdoorEngine, readRequest } from './kfdoor.ts'
import { naiveEngine } from './naive.ts'
import { casbinEngine } from './peers/casbin.ts'
import { cedarEngine } from './peers/cedar.ts'
import { opaWasm, startOpa } from './peers/opa.ts'
import { type BenchInput, makeRuleBook, type RuleBook } from './rules.ts'

const method: readonly string[] = [
  'Same rules, same 512 requests for everybody: 40 % exact paths, 40 % prefixes, 20 % suffixes, half with methods, half with a principal, three quarters with a group claim, 4 % DENY; about half are allowed. Every answer is compared with the naive loop’s before anything is measured.',
  'Measured is CPU time per decision, its whole process counted (garbage collection included), in seven interleaved rounds; compared are medians.',
  '`kfdoor` is the policies of a compiled mesh (AUDIT, DENY, ALLOW of `compileDoor`, without steps), given what the peers are given: method, path and claims already read. `kfdoor whole door` is `door.decide` on the raw request: listener, request line and headers, path normalization, token found, read and judged (its signature was checked before, as the gateway does it), policies, route, and the headers that go upstream.',
  '`naive` is a loop over the same rules on the same inputs. `opa-go` is OPA’s Go library with one Rego rule per policy, so that its rule index works, and inputs parsed beforehand. `opa-wasm` is the same rules compiled to WebAssembly, in OPA’s SDK for Node, which hands each input over as JSON. `cedar` is cedar-wasm with policies parsed beforehand; `casbin` is `enforceSync` with functions for paths, methods and groups.',
  '`allocated` is what V8 handed out per decision over a million of them, collected or not: of the policies the flow they run in and the attributes it looks at, of the whole door besides them the request as the proxy reads it and the decision itself.',
  'Compiling counts from the parsed model to the first decision, in a process that has compiled nothing else before; reading YAML is left out.',
]

interface Sized {
  readonly contestants: readonly Contestant[]
  readonly allocated: readonly Result[]
  readonly close: () => void
}

export async function benchEngine(effort: Effort, say: (text: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bench-'))
  try {
    const peers =
      effort === 'full'
        ? await npmPeers('engine', {
            '@cedar-policy/cedar-wasm': '4.13.0',
            '@open-policy-agent/opa-wasm': '1.10.0',
            casbin: '5.51.1',
          })
        : undefined
    const bySize = new Map<number, ReadonlyMap<string, Spread>>()
    const bytes: Result[] = []
    for (const size of effort === 'full' ? [10, 100, 1000, 5000] : [10, 100]) {
      const book = makeRuleBook(size, effort === 'full' ? 512 : 64)
      say(`${size} rules: loading and comparing answers`)
      const { contestants, allocated, close } = await enlist(book, folder, peers, effort)
      bytes.push(...allocated)
      say(`${size} rules: measuring ${contestants.map(({ name }) => name).join(', ')}`)
      bySize.set(size, await interleaved(contestants, effort === 'full' ? 7 : 1))
      close()
    }
    return { method, results: [...judged(bySize), ...bytes, ...compileTimes(effort)] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Everybody who can decide this many rules, each having given the naive loop's answers. */
async function enlist(
  { rules, inputs }: RuleBook,
  folder: string,
  peers: NodeJS.Require | undefined,
  effort: Effort,
): Promise<Sized> {
  const ms = effort === 'full' ? 100 : 1
  const naive = naiveEngine(rules)
  const want = inputs.map(naive)
  const compare = (name: string, answers: readonly boolean[]) => {
    const wrong = answers.findIndex((answer, index) => answer !== want[index])
    if (wrong >= 0) throw new Error(`${name} says ${answers[wrong]} to ${JSON.stringify(inputs[wrong])}`)
  }
  const inProcess = <T>(
    name: string,
    decide: (input: T) => boolean,
    all: readonly T[],
    each = all.length,
  ) => {
    compare(name, all.map(decide))
    let from = 0
    const once = () => {
      for (let at = 0; at < each; at++) decide(all[(from + at) % all.length] as T)
      from = (from + each) % all.length
    }
    return { name, round: () => cpuPerUnit(once, each, ms) }
  }
  const requests = inputs.map(doorRequest)
  const reads = inputs.map(readRequest)
  const kfdoor = kfdoorEngine(rules, requests[0] as (typeof requests)[0])
  const contestants: Contestant[] = [
    inProcess('kfdoor', kfdoor.policies, reads),
    inProcess('kfdoor whole door', kfdoor.door, requests),
    inProcess('naive', naive, inputs, Math.max(1, Math.floor(50_000 / rules.length))),
  ]
  const least = effort === 'full' ? 1_000_000 : 1_000
  const allocating = (name: string, once: () => void, goal?: Goal): Result => {
    const value = bytesPerUnit(once, inputs.length, least)
    return {
      name: `${name}, allocated`,
      rules: rules.length,
      value,
      unit: 'B',
      ...(goal && judge(goal, value)),
    }
  }
  const allocated = [
    allocating(
      'kfdoor',
      () => reads.forEach(kfdoor.policies),
      effort === 'full' ? atMost(256, 'B') : undefined,
    ),
    allocating('kfdoor whole door', () => requests.forEach(kfdoor.door)),
  ]
  if (peers === undefined) return { contestants, allocated, close: () => {} }
  // Engines that try every rule take milliseconds; they are asked fewer requests, spread over all.
  const some = every(inputs, rules.length < 1000 ? 1 : 16)
  const slow = (name: string, decide: (input: BenchInput) => boolean) => {
    const wrong = some.find((input) => decide(input) !== naive(input))
    if (wrong) throw new Error(`${name} is wrong about ${JSON.stringify(wrong)}`)
    return inProcessSlow(name, decide, some, ms)
  }
  const opa = await startOpa(folder, rules, inputs)
  compare('opa-go', opa.answers)
  contestants.push({ name: 'opa-go', round: () => opa.round(ms) })
  // Compiling 5 000 rules to WebAssembly takes minutes.
  if (rules.length <= 1000) contestants.push(slow('opa-wasm', await opaWasm(folder, rules, peers)))
  contestants.push(slow('cedar', cedarEngine(rules, peers)))
  contestants.push(slow('casbin', await casbinEngine(rules, peers)))
  return { contestants, allocated, close: () => opa.close() }
}

function inProcessSlow(
  name: string,
  decide: (input: BenchInput) => boolean,
  inputs: readonly BenchInput[],
  ms: number,
): Contestant {
  let next = 0
  return {
    name,
    round: () => cpuPerUnit(() => void decide(inputs[next++ % inputs.length] as BenchInput), 1, ms),
  }
}

const every = <T>(list: readonly T[], step: number) => list.filter((_, index) => index % step === 0)

/** Rows per contestant, ours with the goals of their size, and how ours grow. */
function judged(bySize: ReadonlyMap<number, ReadonlyMap<string, Spread>>): readonly Result[] {
  const results: Result[] = []
  for (const [rules, spreads] of bySize) {
    for (const [name, { median, min, max }] of spreads) {
      const rival = name.startsWith('kfdoor') ? rivalAt(rules, spreads) : undefined
      const ratio = rival && (spreads.get(rival.peer)?.median ?? Number.NaN) / median
      // The whole door does much more than its rivals, so no goal is set for it.
      const goal = name === 'kfdoor' ? rival?.goal : undefined
      results.push({
        name,
        rules,
        nsPerDecision: median,
        value: median,
        unit: 'ns',
        min,
        max,
        ...(rival && ratio !== undefined && { peer: rival.peer, ratio, ...(goal && judge(goal, ratio)) }),
      })
    }
  }
  const [least, most] = [bySize.get(10)?.get('kfdoor'), bySize.get(5000)?.get('kfdoor')]
  if (least && most) {
    const growth = most.median / least.median
    results.push({
      name: 'kfdoor growth, t(5 000) / t(10)',
      value: growth,
      unit: '×',
      ...judge(atMost(4), growth),
    })
  }
  return results
}

/** Whom the goals name at this size: OPA as WebAssembly at 10 rules, else the quickest. */
function rivalAt(rules: number, spreads: ReadonlyMap<string, Spread>) {
  if (rules === 10 && spreads.has('opa-wasm')) return { peer: 'opa-wasm', goal: atLeast(10) }
  const rivals = [...spreads].filter(([name]) => !name.startsWith('kfdoor') && name !== 'naive')
  const [best] = rivals.sort(([, a], [, b]) => a.median - b.median)
  if (best === undefined) return undefined
  return { peer: best[0], goal: rules >= 1000 ? atLeast(20) : undefined }
}
