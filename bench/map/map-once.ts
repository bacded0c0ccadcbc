/**
 * Run as a process of its own: `node map-once.ts ROUTES PRINCIPALS RULES ROUNDS`; prints ms of CPU, round
 * by round, for ours (a first time cold, then warm) and for its rows, and for the loop once: it takes long.
 */
import { parseMesh } from '../../src/mesh/index.ts'
import { assumedKeys, type Principal } from '../../src/policy/index.ts'
import { foldedMap } from '../../src/regions/index.ts'
import { cpuPerUnit } from '../kit/rounds.ts'
import { makeMapBook, mapMeshYaml, naiveMap } from './mesh.ts'

const [routes = 0, people = 0, size = 0, rounds = 1] = process.argv.slice(2).map(Number)
const book = makeMapBook(routes, people, size)
const { mesh, problems } = parseMesh([{ file: 'bench.yaml', text: mapMeshYaml(book) }])
const wrong = problems.find(({ severity }) => severity === 'error')
if (wrong) throw new Error(wrong.message)
const principals = book.accounts.map((account): Principal => {
  return { kind: 'service-account', ...account, forged: false }
})
let map: ReturnType<typeof foldedMap> | undefined
const ours = () => {
  map = foldedMap(mesh, { now: 1_800_000_000, principals, fetched: assumedKeys })
}
let rows = 0
const written = () => {
  rows = map?.rows().length ?? 0
}
let expected = { open: 0, byGet: 0 }
const naive = () => {
  expected = naiveMap(book)
}
const ms = (what: () => void) => cpuPerUnit(what, 1, 1) / 1e6
const cold = ms(ours)
const figures = { cold, kfdoor: [] as number[], rows: [] as number[], naive: ms(naive) }
for (let round = 0; round < rounds; round++) {
  figures.kfdoor.push(ms(ours))
  figures.rows.push(ms(written))
}
const open = map?.count(({ verdict }) => verdict === 'allow')
const byGet = map?.count(({ verdict, method }) => verdict === 'allow' && method === 'GET')
if (open !== expected.open || byGet !== expected.byGet) {
  throw new Error(
    `the map allows ${open} pairs, ${byGet} by GET; the loop ${expected.open} and ${expected.byGet}`,
  )
}
if (rows < routes * people) throw new Error(`${rows} rows are too few`)
process.stdout.write(JSON.stringify(figures))
