import { Browser, consent, headerOf } from './browser.ts'
import type { Attack } from './format.ts'
import { type Evidence, judge, judgeAlso, placesIn, Unjudged } from './judge.ts'
import { Scenario } from './scenario.ts'
import { type Outcome, sendAttack, sendNormal, sendPlain } from './send.ts'
import { openWorld, type World, worldOf } from './world.ts'

export interface Verdict {
  readonly attack: Attack
  readonly outcome: 'held' | 'through' | 'unrun'
  /** What got through, or why it was not run. */
  readonly why?: string
}

export interface Results {
  readonly verdicts: readonly Verdict[]
  readonly controls: { readonly n: number; readonly ok: number; readonly failed: readonly string[] }
}

/** More at once than this says nothing new, and this machine has others on it. */
const MOST = 40

/**
 * Runs every entry, controls first and once more at the end: a door that refuses everything has
 * held nothing.
 */
export async function runAttacks(
  attacks: readonly Attack[],
  tell: (verdict: Verdict) => void = () => {},
): Promise<Results> {
  const worlds = new Map<string, Promise<World>>()
  const worldFor = (setup: string): Promise<World> | undefined => {
    const name = worldOf(setup)
    if (name === undefined) return undefined
    let world = worlds.get(name)
    if (!world) {
      world = openWorld(name)
      worlds.set(name, world)
    }
    return world
  }
  const one = async (attack: Attack): Promise<Verdict> => {
    const world = await worldFor(attack.setup)
    if (!world) return { attack, outcome: 'unrun', why: `no setup \`${attack.setup}\` here` }
    try {
      const why = await run(world, attack)
      return why === undefined ? { attack, outcome: 'held' } : { attack, outcome: 'through', why }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      // A harness that cannot tell has not seen it held.
      return {
        attack,
        outcome: 'unrun',
        why: error instanceof Unjudged ? why : `it could not be sent: ${why}`,
      }
    }
  }
  const runnable = (attack: Attack) => worldOf(attack.setup) !== undefined
  const controls = attacks.filter((attack) => attack.class === 'control' && runnable(attack))
  const others = attacks.filter((attack) => !controls.includes(attack))
  const failed: string[] = []
  let ok = 0
  const checkControls = async () => {
    for (const control of controls) {
      const verdict = await one(control)
      if (verdict.outcome === 'held') ok++
      else failed.push(`${control.id}: ${verdict.why}`)
    }
  }
  try {
    await checkControls()
    const verdicts: Verdict[] = []
    for (const attack of others) {
      const verdict = await one(attack)
      verdicts.push(verdict)
      tell(verdict)
    }
    await checkControls()
    return { verdicts, controls: { n: 2 * controls.length, ok, failed } }
  } finally {
    for (const world of worlds.values()) await (await world).close()
  }
}

/** What got through; undefined = held. */
async function run(world: World, attack: Attack): Promise<string | undefined> {
  const scenario = new Scenario(world, attack)
  const from = {
    seen: world.seen.length,
    fetches: world.issuers.jwks.fetches(),
    hits: world.attacker.hits.length,
  }
  if (world.directory) world.directory.filters.length = 0
  const normal = await sendNormal(scenario)
  const afterNormal = world.seen.length
  const logFrom = (await world.log()).length
  const times = Math.max(1, Math.min(attack.connections ?? attack.repeat ?? variantsOf(attack), MOST))
  const outcomes: Outcome[] = []
  const rssBefore = process.memoryUsage().rss
  const began = performance.now()
  if (attack.connections !== undefined) {
    outcomes.push(...(await Promise.all(Array.from({ length: times }, () => sendAttack(scenario)))))
  } else for (let n = 0; n < times; n++) outcomes.push(await sendAttack(scenario))
  const tookMs = (performance.now() - began) / times
  const seen = world.seen.slice(afterNormal)
  const { places, landed } = await follow(scenario, outcomes)
  const alive = await isAlive(world, attack)
  const evidence: Evidence = {
    scenario,
    outcomes,
    seen,
    normal,
    normalSeen: world.seen.slice(from.seen, afterNormal),
    places,
    log: (await world.log()).slice(logFrom),
    jwksFetches: world.issuers.jwks.fetches() - from.fetches,
    attackerHits: world.attacker.hits.length - from.hits,
    alive,
    rss: process.memoryUsage().rss,
    rssBefore,
    tookMs,
    landed,
  }
  if (!alive) return 'an honest request afterwards fails'
  const wrong = judge(attack.must, evidence)
  if (wrong !== undefined) return wrong
  for (const condition of attack.also ?? []) {
    const also = await judgeAlso(condition, evidence)
    if (also !== undefined) return also
  }
  return attack.then ? next(scenario, evidence) : undefined
}

const variantsOf = ({ also = [] }: Attack) =>
  Number(also.map((one) => /^same-answer-for (\d+)/.exec(one)?.[1]).find(Boolean) ?? 1)

/** A second step: somebody signs out, time passes, another request comes. */
async function next(scenario: Scenario, evidence: Evidence): Promise<string | undefined> {
  const { world, attack } = scenario
  const { then } = attack
  if (!then) return undefined
  const signedOut = then['sign-out']
  if (signedOut !== undefined) await world.provider.endSession(await scenario.value(`cookie:${signedOut}`))
  if (then.clock !== undefined) {
    const [, what, amount = '0', unit = 's'] = /^(exp)?\+?(\d+)(s|m|h)?$/.exec(then.clock) ?? []
    const scale = { s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1000
    world.shift((what === 'exp' ? 3_600_000 : 0) + Number(amount) * scale)
  }
  try {
    const from = world.seen.length
    const again = { ...attack, ...(then.request && { request: then.request }), also: [] }
    const second = then.request ? await sendPlain(scenario, then.request) : await sendAttack(scenario)
    const outcome = {
      ...evidence,
      scenario: Object.assign(Object.create(Object.getPrototypeOf(scenario)), scenario, {
        attack: again,
      }) as Scenario,
      outcomes: [second],
      seen: world.seen.slice(from),
      places: placesIn(second),
    }
    const wrong = judge(then.expect ?? 'reject', outcome)
    return wrong && `afterwards: ${wrong}`
  } finally {
    world.shift(0)
  }
}

/** Every place the answers lead to, and those behind them when the sign-in is carried through. */
async function follow(
  scenario: Scenario,
  outcomes: readonly Outcome[],
): Promise<{ places: string[]; landed?: string }> {
  const places = outcomes.flatMap(placesIn)
  const { attack, world } = scenario
  const who = /^sign-in-as (\w+)$/.exec(attack.follow ?? '')?.[1]
  const [first] = outcomes
  if (who === undefined || !first) return { places }
  const browser = new Browser(world)
  browser.keep(first)
  let location = headerOf(first, 'location') ?? placesIn(first)[0]
  let landed: string | undefined
  for (let hops = 0; hops < 8 && location !== undefined; hops++) {
    const url = URL.parse(location, 'https://door.test/')
    if (url?.origin !== 'https://door.test') break
    if (url.pathname.startsWith('/dex/auth')) {
      const back = await consent(world, url.pathname + url.search, who)
      places.push(back)
      location = back
      continue
    }
    const answer = await browser.visit(url.pathname + url.search)
    landed = url.pathname + url.search
    places.push(...placesIn(answer))
    location = headerOf(answer, 'location')
  }
  return { places, ...(landed !== undefined && { landed }) }
}

async function isAlive(world: World, attack: Attack): Promise<boolean> {
  const plain = new Scenario(world, {
    ...attack,
    tls: undefined,
    proto: undefined,
    pace: undefined,
    peer: undefined,
  })
  const path = attack.against === 'authz' ? '/healthz' : world.opened ? '/api/plans' : '/public/echo'
  const headers: Record<string, string> = world.proxied
    ? { host: `localhost:${world.port}` }
    : world.opened
      ? { cookie: world.opened.cookie }
      : {}
  const began = performance.now()
  const answer = await sendPlain(plain, { method: 'GET', path, headers })
  return answer.status === 200 && performance.now() - began < 5000
}
