import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { debian } from '../../e2e/parts/debian.ts'
import { loadCore } from './pinned.ts'

export interface Load {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
  /** Bearer tokens, sent in turn instead of `headers`: one line each in this file. */
  readonly tokens?: string
}

export interface Loaded {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const run = promisify(execFile)
/** How many tokens each server was sent: a run goes on where the last one ended, or it would send known ones. */
const sentTo = new Map<string, number>()

/** One closed-loop run of wrk on the load core. @throws where an answer was no 2xx or a socket failed; none at all is no failure. */
export async function wrk({ url, headers = {}, connections, seconds, tokens }: Load): Promise<Loaded> {
  const { root, env } = await debian(['wrk'], 'usr/bin/wrk', 'unpack')
  const sent = Object.entries(tokens ? {} : headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const script = tokens ? ['-s', fileURLToPath(new URL('tokens.lua', import.meta.url))] : []
  const options = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    ...script,
    ...sent,
    url,
    ...(tokens ? ['--', tokens, String(sentTo.get(url) ?? 0)] : []),
  ]
  const { stdout } = await run('taskset', ['-c', String(loadCore), join(root, 'usr/bin/wrk'), ...options], {
    env,
  })
  const bad = /Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)/.exec(stdout)
  if (bad) throw new Error(`${url}: ${bad[0]}`)
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1])
  // Some were under way when it ended.
  sentTo.set(url, (sentTo.get(url) ?? 0) + requests + connections)
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
  const [p50Ms, p99Ms] = ['50', '99'].map((at) =>
    milliseconds(new RegExp(`${at}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout)),
  )
  if (!(requests >= 0) || p50Ms === undefined || p99Ms === undefined) throw new Error(`wrk says:\n${stdout}`)
  return { requests, perSecond, p50Ms, p99Ms }
}

function milliseconds(found: RegExpExecArray | null): number | undefined {
  const [, figure, unit] = found ?? []
  return figure === undefined ? undefined : Number(figure) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1)
}
