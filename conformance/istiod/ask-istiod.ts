/** The real istiod, asked what it pushes: `oracle/` runs Istio's own discovery server in a process of its own. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Json } from '../../src/envoy-config/index.ts'
import type { ProxyIdentity } from '../../src/policy/index.ts'

export interface Pushed {
  /** null = none. */
  readonly listeners: readonly Json[] | null
  readonly routes: readonly Json[] | null
  readonly clusters: readonly Json[] | null
}

interface Answer {
  readonly id: string
  readonly problem?: string
  readonly pushed?: readonly Pushed[]
  readonly verdicts?: readonly Verdict[]
}

export interface Verdict {
  readonly valid: boolean
  readonly message?: string
  /** No resource of Istio's. */
  readonly unknown?: true
}

export interface Istiod {
  /** What each proxy of the mesh gets; a text = why istiod does not come that far. */
  push(
    mesh: string,
    proxies: readonly ProxyIdentity[],
    fetched: Readonly<Record<string, string>>,
  ): Promise<readonly Pushed[] | string>
  /** What the admission webhook says of each resource. */
  validate(resources: readonly string[]): Promise<readonly Verdict[]>
  close(): Promise<void>
}

/** Questions are answered in order, one at a time. */
export function startIstiod(binary: string): Istiod {
  const child = spawn(binary, [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = []
  const ended = new Promise<void>((resolve) => {
    const end = (why: Error) => {
      for (const { reject } of waiting.splice(0)) reject(why)
      resolve()
    }
    child.once('error', end)
    child.once('exit', (code) => end(new Error(`the oracle ended with ${code}`)))
  })
  createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    waiting.shift()?.resolve(JSON.parse(line) as Answer)
  })
  const ask = (question: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      child.stdin.write(`${JSON.stringify(question)}\n`)
    })
  return {
    async push(mesh, proxies, fetched) {
      const { problem, pushed } = await ask({ mesh, proxies, fetched })
      return problem ?? pushed ?? 'nothing was pushed'
    },
    async validate(resources) {
      const { problem, verdicts } = await ask({ validate: resources })
      if (verdicts === undefined) throw new Error(problem)
      return verdicts
    },
    async close() {
      child.stdin.end()
      await ended
    },
  }
}
