/**
 * Requests drawn at random from a region meet the region's verdict, and no request falls outside
 * all regions. `KFDOOR_REGIONS=full` looks into every region of the releases' doors: 1 000 requests are
 * drawn in each of 500 of them a door, 20 in each of the others.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { test } from 'node:test'
import { readInputs } from '../compose/read-inputs.ts'
import { releaseSignIn } from '../compose/release-answers.ts'
import { parseMesh } from '../mesh/index.ts'
import { assumedKeys } from '../policy/index.ts'
import { membersOf } from './bits.ts'
import { callerOf } from './caller.ts'
import { type Cell, cellsOf } from './cell.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge } from './judge.ts'
import type { Partition } from './partition.ts'
import { helloName } from './sending.ts'
import { View } from './view.ts'

const now = 1_800_000_000
const full = process.env.KFDOOR_REGIONS === 'full'
const regions = full ? 500 : 60
const draws = full ? 1000 : 25
/** In each region that is not among those. */
const others = full ? 20 : 0

/** A linear congruential generator: the same requests every run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

async function judgeOf(input: string) {
  const { mesh } = parseMesh(await readInputs([input], async () => ''))
  const signIn = releaseSignIn(mesh)
  const view = new View(mesh, { fetched: assumedKeys, ...(signIn && { signIn }) })
  const callers = findPrincipals(mesh).map((principal) => callerOf(mesh, principal, now))
  return { view, judge: new Judge(view, callers, now), callers }
}

/** `count` of them, evenly among all. */
function pick(cells: Iterable<Cell>, count: number, random: () => number): Cell[] {
  const kept: Cell[] = []
  let seen = 0
  for (const cell of cells) {
    if (cell.unknown !== undefined || cell.beyond !== undefined) continue
    seen++
    if (kept.length < count) kept.push(cell)
    else {
      const at = Math.floor(random() * seen)
      if (at < count) kept[at] = cell
    }
  }
  return kept
}

const draw = <T>(list: readonly T[], random: () => number): T => list[Math.floor(random() * list.length)] as T

function drawn(cell: Cell, random: () => number): Cell {
  const sample = (of: Cell['hosts'], text: string, length: number) =>
    (of?.parted.partition as Partition | undefined)?.sample(of?.of as never, random, random() * length) ??
    text
  const method = draw(cell.variation.methods, random)
  const host = cell.hosts === undefined ? cell.host : sample(cell.hosts, cell.host, 20)
  // Who writes a Host that no server name can be made of says the region's name all the same.
  const sni = cell.variation.sni ?? (helloName(host) === '' ? helloName(cell.host) : undefined)
  return {
    ...cell,
    host,
    path: cell.paths === undefined ? cell.path : sample(cell.paths, cell.path, 30),
    variation: { ...cell.variation, method, ...(sni !== undefined && { sni }) },
  }
}

interface Told {
  readonly asked: number
  /** How many a request was drawn in, of how many there are whose verdict is known. */
  readonly regions: number
  readonly of: number
}

async function sound(input: string, seed: number, most = { regions, draws, others }): Promise<Told> {
  const random = randomOf(seed)
  const { view, judge, callers } = await judgeOf(input)
  let asked = 0
  let entered = 0
  const all = pick(cellsOf([view], { unfolded: true }), Number.POSITIVE_INFINITY, random)
  const picked = new Set(pick(all, most.regions, random))
  for (const cell of most.others > 0 ? all : picked) {
    const groups = judge.groups(cell, 0)
    // Nobody's request can be in it: what tells it apart is a header no caller here would carry.
    if (groups.length === 0) continue
    entered++
    for (let at = 0; at < (picked.has(cell) ? most.draws : most.others); at++) {
      const { callers: same, outcome } = draw(groups, random)
      const caller = callers[draw(membersOf(same), random)] as (typeof callers)[number]
      const request = drawn(cell, random)
      const said = judge.decideWhole(request, 0, callers.indexOf(caller))
      asked++
      const place = `${caller.name} ${request.variation.method} ${request.entrance.id} ${request.host} ${request.path} ${JSON.stringify(request.variation)}`
      // ADR 0055: whether a refused HEAD reads as a sign-in is told of the witness only.
      const head = request.variation.method === 'HEAD' && outcome.reason === 'provider-denied'
      if (head && said?.reason === outcome.reason && said.verdict !== 'allow') continue
      assert.equal(`${said?.verdict} ${said?.reason}`, `${outcome.verdict} ${outcome.reason}`, place)
      assert.equal(said?.upstream, outcome.upstream, place)
    }
  }
  return { asked, regions: entered, of: all.length }
}

const releases = ['26.03', 'v1.9', 'v1.8', 'v1.6']
/** What the releases' own YAML says, in which our profiles leave places out. */
const fixtures = new URL('../../../shared/fixtures/kubeflow/', import.meta.url)
const folders = existsSync(fixtures) ? releases.map((release) => new URL(release, fixtures).pathname) : []
if (folders.length === 0) test('left out, this checkout has no folders of the releases beside it', () => {})
for (const input of [...releases.map((release) => `profile:${release}`), ...folders]) {
  test(`requests of a region meet its verdict: ${input.replace(/^.*shared\//, '')}`, async (context) => {
    const told = await sound(input, 7)
    context.diagnostic(`${told.asked} requests in ${told.regions} of ${told.of} regions`)
    assert.ok(told.asked > 500)
    assert.ok(!full || told.regions === told.of)
  })
}

test('no request falls outside all regions', async () => {
  const random = randomOf(11)
  const { view, judge, callers } = await judgeOf('profile:26.03')
  const spaces = new Map<
    string,
    { hosts: Partition; byHost: Map<number, { paths: Partition; cells: Map<number, Cell[]> }> }
  >()
  for (const cell of cellsOf([view], { unfolded: true })) {
    const hosts = cell.hosts?.parted.partition
    const paths = cell.paths?.parted.partition
    if (hosts === undefined || paths === undefined || cell.unknown !== undefined) continue
    const space = spaces.get(cell.entrance.id) ?? { hosts, byHost: new Map() }
    spaces.set(cell.entrance.id, space)
    const host = space.byHost.get(cell.hosts?.of.id ?? -1) ?? { paths, cells: new Map<number, Cell[]>() }
    space.byHost.set(cell.hosts?.of.id ?? -1, host)
    const id = cell.paths?.of.id ?? -1
    host.cells.set(id, [...(host.cells.get(id) ?? []), cell])
  }
  const words = [
    '/',
    'pipeline',
    'kfam',
    'dex',
    'serving',
    'x',
    'healthz',
    '.',
    '%2F',
    '-',
    '~',
    'kubeflow-user-example-com',
    'sklearn-iris',
    'v1',
    '//',
  ]
  const names = ['x', 'example', 'com', '.', '-', 'sklearn-iris', 'kubeflow-user-example-com', ':80', 'svc']
  const text = (list: readonly string[], most: number) =>
    Array.from({ length: Math.ceil(random() * most) }, () => draw(list, random)).join('')
  let found = 0
  for (let at = 0; at < (full ? 20_000 : 2000); at++) {
    const [id, space] = draw([...spaces], random)
    const host = text(names, 6)
    const path = `/${text(words, 8)}`
    const hostClass = space.hosts.classOf(host)
    if (hostClass === undefined) {
      assert.match(host, /:.*:|:80[^0-9]|^:/, `${host} is outside`)
      continue
    }
    const way = space.byHost.get(hostClass.id)
    assert.ok(way, `${id} has no region for host ${host}`)
    const pathClass = way.paths.classOf(path)
    if (pathClass === undefined) {
      assert.match(path, /(^|\/)\.{1,2}(\/|$)/, `${path} is outside`)
      continue
    }
    const cells = way.cells.get(pathClass.id)
    assert.ok(cells && cells.length > 0, `${id} ${host} has no region for ${path}`)
    const caller = draw(callers, random)
    const plain = cells.find((cell) => cell.plain) as Cell
    const at = callers.indexOf(caller)
    const region = judge.decide(plain, 0, at)
    const said = judge.decideWhole({ ...plain, host, path }, 0, at)
    assert.equal(said?.verdict, region?.verdict, `${caller.name} ${id} ${host} ${path}`)
    found++
  }
  assert.ok(found > 500)
})

const configs = new URL('../../../shared/conformance/configs/', import.meta.url)
const recorded = existsSync(configs) ? globSync('*.yaml', { cwd: configs }).sort() : []
const step = full ? 3 : 60
test(`requests of a region meet its verdict: ${recorded.length === 0 ? 'left out, this checkout has no recordings’ YAML beside it' : 'the YAML of the recordings'}`, async () => {
  let asked = 0
  for (const [index, file] of recorded.entries()) {
    if (index % step !== 0) continue
    // Hundreds of small doors: a hundred requests in each of sixty regions.
    const most = { regions: 60, draws: full ? 100 : 25, others: 0 }
    asked += (await sound(new URL(file, configs).pathname, index, most)).asked
  }
  assert.ok(recorded.length === 0 || asked > 1000)
})
