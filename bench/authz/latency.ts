import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debian } from '../../e2e/parts/debian.ts'
import { loadCore } from '../http/pinned.ts'
import type { Server } from '../http/servers.ts'
import { atMost, judge, type Result } from '../kit/result.ts'
import { interleaved, type Spread, spreadOf } from '../kit/rounds.ts'

const run = promisify(execFile)

/** What a check adds to Envoy's latency at 1 000 requests a second. Milliseconds. */
export async function addedLatency(
  alone: Server,
  checked: Server,
  rounds: number,
): Promise<readonly Result[]> {
  const p99 = new Map<string, number[]>()
  const contestant = (name: string, server: Server) => ({
    name,
    round: async () => {
      const figures = await hey(server)
      p99.set(name, [...(p99.get(name) ?? []), figures.p99])
      return figures.p50
    },
  })
  const p50 = await interleaved([contestant('alone', alone), contestant('checked', checked)], rounds)
  const row = (what: string, with_: Spread, without: Spread, most: number): Result => {
    const added = with_.median - without.median
    return {
      name: `latency added in Envoy, ${what}`,
      value: added,
      unit: 'ms',
      peer: 'envoy alone',
      ...judge(atMost(most, 'ms'), added),
      note: `${with_.median.toFixed(2)} ms with the check, ${without.median.toFixed(2)} ms without`,
    }
  }
  const spread = (name: string) => spreadOf(p99.get(name) ?? [])
  return [
    row('p50', p50.get('checked') as Spread, p50.get('alone') as Spread, 0.6),
    row('p99', spread('checked'), spread('alone'), 2),
  ]
}

/** 5 clients at 200 requests a second each, for two seconds. @throws where an answer was no 200 */
async function hey({ url, headers = {} }: Server): Promise<{ readonly p50: number; readonly p99: number }> {
  const { root, env } = await debian(['hey'], 'usr/bin/hey', 'unpack')
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = ['-c', '5', '-q', '200', '-z', '2s', ...sent, url]
  const { stdout } = await run('taskset', ['-c', String(loadCore), join(root, 'usr/bin/hey'), ...args], {
    env,
  })
  const at = (percent: number) =>
    Number(new RegExp(`${percent}%+ in ([\\d.]+) secs`).exec(stdout)?.[1]) * 1000
  const statuses = [...stdout.matchAll(/\[(\d+)\]\s+(\d+) responses/g)].map(([, status]) => status)
  if (statuses.join() !== '200' || !Number.isFinite(at(99))) throw new Error(`hey says:\n${stdout}`)
  return { p50: at(50), p99: at(99) }
}
