/** Run as a process of its own: `node map-once.ts ROUTES PRINCIPALS RULES`; prints ms of CPU for ours and the loop. */
import { parseMesh } from '../../src/mesh/index.ts'
import { assumedKeys, type Principal } from '../../src/policy/index.ts'
import { accessMap } from '../../src/regions/index.ts'
import { cpuPerUnit } from '../kit/rounds.ts'
import { makeMapBook, mapMeshYaml, naiveMap } from './mesh.ts'

const [routes = 0, people = 0, size = 0] = process.argv.slice(2).map(Number)
const book = makeMapBook(routes, people, size)
const { mesh, problems } = parseMesh([{ file: 'bench.yaml', text: mapMeshYaml(book) }])
const wrong = problems.find(({ severity }) => severity === 'error')
if (wrong) throw new Error(wrong.message)
const principals = book.accounts.map((account): Principal => {
  return { kind: 'service-account', ...account, forged: false }
})
let rows: ReturnType<typeof accessMap> = []
const ours = () => {
  rows = accessMap(mesh, { now: 1_800_000_000, principals, fetched: assumedKeys })
}
let expected = 0
const naive = () => {
  expected = naiveMap(book, 'GET')
}
const ms = (what: () => void) => cpuPerUnit(what, 1, 1) / 1e6
const figures = { kfdoor: ms(ours), naive: ms(naive) }
const open = rows.filter(({ verdict, witness }) => verdict === 'allow' && witness.method === 'GET')
const counted = new Set(open.map(({ route, principal }) => `${route.id} ${principal}`)).size
if (counted !== expected) throw new Error(`the map allows ${counted} pairs, the loop ${expected}`)
process.stdout.write(JSON.stringify(figures))
