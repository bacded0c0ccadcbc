import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ensureVenv } from './python.ts'

/** The two SDKs people use: each has its own virtual environment, its own script, its own API. */
export type KfpVersion = '2.17.0' | '1.8.22'

const scripts: { readonly [V in KfpVersion]: string } = { '2.17.0': 'kfp2.py', '1.8.22': 'kfp1.py' }

/** The `python` of an environment with that SDK; made on first use, outside the tree. */
export function ensureKfp(version: KfpVersion): Promise<string> {
  const list = readFileSync(new URL(`kfp-${version}.txt`, import.meta.url), 'utf8')
  const requirements = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return ensureVenv(`kfp-${version}`, requirements)
}

export interface KfpTarget {
  /** Up to and including `/pipeline`, where the door has that prefix. */
  readonly host: string
  /** Undefined: a single-user server. */
  readonly namespace?: string
  /** A whole Cookie header. */
  readonly cookies?: string
  readonly token?: string
  /** A file with the CA that signed the door's certificate. */
  readonly ca?: string
  /** What a run comes to, in the words of the SDK's API; PENDING or Pending when left out. */
  readonly expectState?: string
}

const run = promisify(execFile)

/**
 * Walks the real SDK through connect, experiment, upload, run, list, schedule, archive, delete.
 * Rejects with the script's own words when anything is not as it should be.
 */
export async function walkKfp(version: KfpVersion, target: KfpTarget): Promise<Record<string, unknown>> {
  const python = await ensureKfp(version)
  const script = fileURLToPath(new URL(`../python/${scripts[version]}`, import.meta.url))
  const options: readonly (readonly [string, string | undefined])[] = [
    ['--host', target.host],
    ['--namespace', target.namespace],
    ['--cookies', target.cookies],
    ['--token', target.token],
    ['--ca', target.ca],
    ['--expect-state', target.expectState],
  ]
  const args = options.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
  const { stdout } = await run(python, [script, ...args], { timeout: 120_000 })
  const last = stdout.trim().split('\n').at(-1) as string
  return JSON.parse(last) as Record<string, unknown>
}
