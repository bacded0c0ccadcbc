import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { atLeast, judge, type Result } from '../kit/result.ts'
import { spreadOf } from '../kit/rounds.ts'
import type { Effort, Report } from '../part.ts'

/** A map that takes longer is no figure, but it is not waited for either. Milliseconds. */
const LIMIT = 90_000

const method: readonly string[] = [
  'One gateway, exact routes in VirtualServices of ten, and policies at it that let service accounts, namespaces or everybody with a token reach exact paths, prefixes or suffixes with some methods; 4 % DENY.',
  '`kfdoor` is the whole map as `kfdoor map` makes it: the mesh compiled, every route asked for every principal over all methods and headers, and for each outcome a row with verdict, reason and a request that shows it. Reading YAML and printing are left out. Each size is a process of its own, with 90 s.',
  '`naive` loops over routes, principals and policies with one GET request per pair and keeps only yes or no. Both count the pairs whose GET is allowed, and have to agree.',
]

export async function benchMap(effort: Effort, say: (text: string) => void): Promise<Report> {
  const sizes =
    effort === 'full'
      ? ([
          [20, 40, 100],
          [500, 400, 1000],
        ] as const)
      : ([[20, 8, 30]] as const)
  const results: Result[] = []
  for (const [routes, people, rules] of sizes) {
    const title = `${routes} routes × ${people} principals`
    say(title)
    const rounds = effort === 'full' ? 3 : 1
    const runs: { readonly kfdoor: number; readonly naive: number }[] = []
    let failure = ''
    while (runs.length < rounds && failure === '') {
      const args = [fileURLToPath(new URL('map-once.ts', import.meta.url)), routes, people, rules].map(String)
      const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        timeout: LIMIT,
      })
      if (status === 0) runs.push(JSON.parse(stdout))
      else
        failure = error
          ? `not made within ${LIMIT / 1000} s`
          : (/^Error: (.*)/m.exec(stderr)?.[1] ?? 'it failed')
    }
    if (failure !== '') {
      if (effort === 'tiny') throw new Error(failure)
      results.push({
        name: `kfdoor, ${title}`,
        rules,
        value: LIMIT,
        unit: 'ms',
        goal: '≥ 100 ×',
        met: false,
        note: failure,
      })
      continue
    }
    const row = (name: 'kfdoor' | 'naive') => {
      const { median, min, max } = spreadOf(runs.map((each) => each[name]))
      return { name: `${name}, ${title}`, rules, value: median, unit: 'ms', min, max }
    }
    const ratio = row('naive').value / row('kfdoor').value
    const goal = routes === 500 && judge(atLeast(100), ratio)
    results.push({ ...row('kfdoor'), peer: 'naive', ratio, ...goal }, row('naive'))
  }
  return { method, results }
}
