import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { goProgram } from '../../kit/go.ts'
import type { BenchInput, BenchRule } from '../rules.ts'

/** One Rego rule per policy, written so that OPA's rule index can file it. */
function regoText(rules: readonly BenchRule[]): string {
  return [
    'package bench',
    'default decision := false',
    'decision if { allow; not deny }',
    ...rules.map((rule) => `${rule.action.toLowerCase()} if { ${conditions(rule).join('; ')} }`),
    // A set of rules without one DENY would leave `deny` undefined by name.
    ...(rules.some(({ action }) => action === 'DENY') ? [] : ['deny if { input.path == "" }']),
    '',
  ].join('\n')
}

function conditions({ path, methods, principal, group }: BenchRule): readonly string[] {
  const text = JSON.stringify(path.text)
  const { kind } = path
  return [
    kind === 'exact'
      ? `input.path == ${text}`
      : `${kind === 'prefix' ? 'startswith' : 'endswith'}(input.path, ${text})`,
    ...(methods.length > 0
      ? [`input.method in {${methods.map((each) => JSON.stringify(each)).join(', ')}}`]
      : []),
    ...(principal === undefined ? [] : [`input.principal == ${JSON.stringify(principal)}`]),
    ...(group === undefined ? [] : [`${JSON.stringify(group)} in input.groups`]),
  ]
}

const program = () => goProgram('opa-bench', fileURLToPath(new URL('../opa', import.meta.url)))

export interface OpaServer {
  readonly loadMs: number
  readonly answers: readonly boolean[]
  /** ns of CPU per decision, measured by itself for that many ms. */
  round(ms: number): Promise<number>
  close(): void
}

/** OPA as a Go library, in a process of its own. */
export async function startOpa(
  folder: string,
  rules: readonly BenchRule[],
  inputs: readonly BenchInput[],
): Promise<OpaServer> {
  const [rego, asked] = [
    join(folder, `rules-${rules.length}.rego`),
    join(folder, `inputs-${rules.length}.json`),
  ]
  writeFileSync(rego, regoText(rules))
  writeFileSync(asked, JSON.stringify(inputs))
  const child: ChildProcess = spawn(await program(), ['serve', rego, asked], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  const read = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('OPA ended before it answered')
    return JSON.parse(value) as { loadMs: number; answers: boolean[]; ns: number }
  }
  const { loadMs, answers } = await read()
  return {
    loadMs,
    answers,
    async round(ms) {
      child.stdin?.write(`${ms}\n`)
      return (await read()).ns
    },
    close: () => void child.stdin?.end(),
  }
}

interface OpaWasm {
  loadPolicy(wasm: Uint8Array): Promise<{ evaluate(input: unknown): readonly { readonly result: boolean }[] }>
}

/** The same rules compiled to WebAssembly, run by OPA's own SDK in this process. */
export async function opaWasm(
  folder: string,
  rules: readonly BenchRule[],
  peers: NodeJS.Require,
): Promise<(input: BenchInput) => boolean> {
  const [rego, wasm] = [join(folder, `wasm-${rules.length}.rego`), join(folder, `rules-${rules.length}.wasm`)]
  writeFileSync(rego, regoText(rules))
  execFileSync(await program(), ['wasm', rego, wasm], { stdio: 'inherit' })
  const policy = await (peers('@open-policy-agent/opa-wasm') as OpaWasm).loadPolicy(readFileSync(wasm))
  return (input) => policy.evaluate(input)[0]?.result === true
}
