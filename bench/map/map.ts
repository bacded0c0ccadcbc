import { parseMesh } from '../../src/mesh/index.ts'
import { assumedKeys, type Principal } from '../../src/policy/index.ts'
import { accessMap } from '../../src/regions/index.ts'
import { atLeast, judge, type Result } from '../kit/result.ts'
import { cpuPerUnit, interleaved, type Spread } from '../kit/rounds.ts'
import type { Effort, Report } from '../part.ts'
import { makeMapBook, mapMeshYaml, naiveMap } from './mesh.ts'

const method: readonly string[] = [
  'One gateway, exact routes in VirtualServices of ten, and policies at it that let service accounts, namespaces or everybody with a token reach exact paths, prefixes or suffixes with some methods; 4 % DENY.',
  '`kfdoor` is the whole map as `kfdoor map` makes it: the mesh compiled, every route asked for every principal over all methods and headers, and for each outcome a row with verdict, reason and a request that shows it. Reading YAML and printing are left out.',
  '`naive` loops over routes, principals and policies with one GET request per pair and keeps only yes or no. Both count the pairs whose GET is allowed, and have to agree.',
]

export async function benchMap(effort: Effort, say: (text: string) => void): Promise<Report> {
  const [routes, people, size] = effort === 'full' ? ([500, 400, 1000] as const) : ([20, 8, 30] as const)
  const book = makeMapBook(routes, people, size)
  const { mesh, problems } = parseMesh([{ file: 'bench.yaml', text: mapMeshYaml(book) }])
  const wrong = problems.find(({ severity }) => severity === 'error')
  if (wrong) throw new Error(wrong.message)
  const principals = book.accounts.map(
    (account): Principal => ({ kind: 'service-account', ...account, forged: false }),
  )
  const ours = () => accessMap(mesh, { now: 1_800_000_000, principals, fetched: assumedKeys })
  const naive = () => naiveMap(book, 'GET')
  say('comparing answers')
  const rows = ours()
  const open = rows.filter(({ verdict, witness }) => verdict === 'allow' && witness.method === 'GET')
  const counted = new Set(open.map(({ route, principal }) => `${route.id} ${principal}`)).size
  const expected = naive()
  if (counted !== expected) throw new Error(`the map allows ${counted} pairs, the loop ${expected}`)
  say(`${rows.length} rows, ${counted} pairs allowed; measuring kfdoor, naive`)
  const once = (what: () => unknown) => () => cpuPerUnit(() => void what(), 1, 1) / 1e6
  const contestants = [
    { name: 'kfdoor', round: once(ours) },
    { name: 'naive', round: once(naive) },
  ]
  const figures = await interleaved(contestants, effort === 'full' ? 5 : 1)
  const row = (name: string): Result => {
    const { median, min, max } = figures.get(name) as Spread
    return { name, rules: size, value: median, unit: 'ms', min, max }
  }
  const ratio = row('naive').value / row('kfdoor').value
  const compared = { peer: 'naive', ratio, ...judge(atLeast(100), ratio) }
  return { method, results: [{ ...row('kfdoor'), ...compared }, row('naive')] }
}
