import type { Result } from './kit/result.ts'

/** `tiny` is for tests: everything runs once, answers are checked, no peer is installed, no figure counts. */
export type Effort = 'full' | 'tiny'

export interface Report {
  /** What is in the measured part and what is not, a sentence each. */
  readonly method: readonly string[]
  readonly results: readonly Result[]
}

/** One part of the bench, `npm run bench:NAME`. */
export interface Part {
  readonly name: string
  readonly summary: string
  /** Needs servers that are fetched, even when it is `tiny`. */
  readonly real?: boolean
  readonly load: () => Promise<(effort: Effort, say: (text: string) => void) => Promise<Report>>
}

export const parts: readonly Part[] = [
  {
    name: 'engine',
    summary: 'policy decisions against OPA, Cedar, casbin and a naive loop',
    load: async () => (await import('./engine/engine.ts')).benchEngine,
  },
  {
    name: 'cli',
    summary: 'how soon a command answers, against Node doing nothing',
    load: async () => (await import('./cli/cli.ts')).benchCli,
  },
  {
    name: 'gateway',
    summary: 'requests through a whole door, against proxies that check nothing',
    real: true,
    load: async () => (await import('./gateway/gateway.ts')).benchGateway,
  },
  {
    name: 'map',
    summary: 'who reaches what, over all routes and principals, against a loop',
    load: async () => (await import('./map/map.ts')).benchMap,
  },
  {
    name: 'authz',
    summary: 'checks by serve authz, against the least a Node program can do',
    real: true,
    load: async () => (await import('./authz/authz.ts')).benchAuthz,
  },
  {
    name: 'proxy',
    summary: 'the local proxy against a plain one of Node, and its memory',
    real: true,
    load: async () => (await import('./proxy/proxy.ts')).benchProxy,
  },
  {
    name: 'tls',
    summary: 'the whole door over TLS, kept alive and connected anew',
    real: true,
    load: async () => (await import('./tls/tls.ts')).benchTls,
  },
  {
    name: 'memory',
    summary: 'resident memory, idle and with sessions',
    real: true,
    load: async () => (await import('./memory/memory.ts')).benchMemory,
  },
]
