import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { atLeast, judge, type Result } from '../kit/result.ts'
import { spreadOf } from '../kit/rounds.ts'
import type { Effort, Report } from '../part.ts'

/** A map that takes longer is no figure, but it is not waited for either. Milliseconds. */
const LIMIT = 240_000

const method: readonly string[] = [
  'One gateway, exact routes in VirtualServices of ten, and policies at it that let service accounts, namespaces or everybody with a token reach exact paths, prefixes or suffixes with some methods; 4 % DENY.',
  '`kfdoor` is the map as `kfdoor map` makes it, folded: the mesh compiled, every route asked for every principal over all methods and headers, each outcome with its reason and the cell its request comes from. `rows` writes the rows out one by one, each with a request that shows it. Reading YAML and printing are left out. `cold` is the first map of a process, `kfdoor` the median of those after it.',
  '`naive` loops over routes, principals, the five methods the rules can tell apart, and policies, and keeps only yes or no; a pair that a method opens is not asked further. Both count the pairs that are open, and those that GET opens, and have to agree.',
]

interface Run {
  readonly cold: number
  readonly kfdoor: readonly number[]
  readonly rows: readonly number[]
  readonly naive: number
}

export async function benchMap(effort: Effort, say: (text: string) => void): Promise<Report> {
  const sizes =
    effort === 'full'
      ? ([
          [20, 40, 100],
          [500, 200, 1000],
          [500, 400, 1000],
        ] as const)
      : ([[20, 8, 30]] as const)
  const results: Result[] = []
  for (const [routes, people, rules] of sizes) {
    const title = `${routes} routes × ${people} principals`
    say(title)
    const rounds = effort === 'full' ? 7 : 1
    const args = [fileURLToPath(new URL('map-once.ts', import.meta.url)), routes, people, rules, rounds]
    const { status, stdout, stderr, error } = spawnSync(process.execPath, args.map(String), {
      encoding: 'utf8',
      timeout: LIMIT,
    })
    if (status !== 0) {
      const failure = error
        ? `not made within ${LIMIT / 1000} s`
        : (/^Error: (.*)/m.exec(stderr)?.[1] ?? 'it failed')
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
    const run: Run = JSON.parse(stdout)
    const row = (name: string, figures: readonly number[]) => {
      const { median, min, max } = spreadOf(figures)
      return { name: `${name}, ${title}`, rules, value: median, unit: 'ms', min, max }
    }
    const ours = row('kfdoor', run.kfdoor)
    const ratio = run.naive / ours.value
    const goal = routes === 500 && people === 400 && judge(atLeast(100), ratio)
    results.push(
      { ...ours, peer: 'naive', ratio, ...goal },
      { ...row('cold', [run.cold]), peer: 'naive', ratio: run.naive / run.cold },
      row('rows', run.rows),
      row('naive', [run.naive]),
    )
  }
  return { method, results }
}
