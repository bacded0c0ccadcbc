/**
 * The witnesses of maps and diffs, asked of a real Envoy that stands for the whole door: each fares as
 * was claimed. Tokens are signed here, authorizers answer what the release's would.
 */
import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { readInputs } from '../src/compose/read-inputs.ts'
import { releaseSignIn } from '../src/compose/release-answers.ts'
import { parseMesh } from '../src/mesh/index.ts'
import {
  actAs,
  type CheckAnswer,
  compileDoor,
  type Decision,
  type DoorRequest,
  decidePath,
  type HeaderList,
  type PathDecision,
  type Principal,
  type ProxyIdentity,
  parsePrincipal,
} from '../src/policy/index.ts'
import { accessMap, type MapRow } from '../src/regions/index.ts'
import { aMesh } from '../src/regions/random-mesh.test.ts'
import { type Got, type Sent, type Standing, startWholeDoors, type WholeDoor } from './envoy/whole-door.ts'

const now = Math.trunc(Date.now() / 1000)
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwks = JSON.stringify({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'own', alg: 'RS256', use: 'sig' }],
})
/** Every issuer's keys are ours. */
const fetched = (uri: string) =>
  uri.endsWith('/.well-known/openid-configuration')
    ? JSON.stringify({
        issuer: uri.slice(0, -'/.well-known/openid-configuration'.length),
        jwks_uri: `${uri}/keys`,
      })
    : jwks

const signed = new Map<string, string>()
/** The same token, signed. */
function sign(token: string): string {
  let text = signed.get(token)
  if (text === undefined) {
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'own', typ: 'JWT' })).toString('base64url')
    const body = `${head}.${token.split('.')[1]}`
    text = `${body}.${createSign('RSA-SHA256').update(body).sign(privateKey).toString('base64url')}`
    signed.set(token, text)
  }
  return text
}
const withSigned = (headers: HeaderList): HeaderList =>
  headers.map(([name, value]) => [name, value.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, sign)] as const)

interface Asked {
  readonly proxy: ProxyIdentity
  readonly port: number
  readonly sent: Sent
  readonly answers: readonly CheckAnswer[]
  readonly claimed: PathDecision
}

/** A row's request as its caller sends it, and the engine's own word about it. */
function askedBy({ door: name, principal, witness }: MapRow, { mesh, door }: Standing): Asked | undefined {
  const proxy = door.gateways.find(
    ({ namespace, labels }) => `${namespace}/${labels.istio ?? labels.app ?? 'gateway'}` === name,
  )
  const who = parsePrincipal(principal) as Principal
  const [, scheme, authority = '', path = '/'] = /^(https?):\/\/([^/]*)(.*)$/.exec(witness.url) ?? []
  if (proxy === undefined || (scheme !== 'http' && scheme !== 'https')) return undefined
  const named = witness.headers.find(([header]) => header === 'host')?.[1]
  const host = named ?? authority
  const number = Number(
    (named === undefined ? undefined : /:(\d+)$/.exec(authority)?.[1]) ?? (scheme === 'https' ? 443 : 80),
  )
  const { port } =
    door
      .listeners(proxy)
      .listeners.find(({ chains }) =>
        chains.some(
          ({ server, tls }) => server.server.port.number === number && tls === (scheme === 'https'),
        ),
      ) ?? {}
  if (port === undefined) return undefined
  const acting = actAs(mesh, who, now)
  const varied = new Set(witness.headers.map(([header]) => header.toLowerCase()))
  const headers: HeaderList = [
    ...acting.headers.filter(([header]) => !varied.has(header.toLowerCase())),
    ...witness.headers.filter(([header]) => header !== 'host'),
  ]
  const sni = witness.sni ?? host.replace(/:\d*$/, '')
  const request: DoorRequest = {
    method: witness.method,
    scheme,
    host,
    path,
    headers,
    port,
    sourceIp: witness.from ?? '127.0.0.5',
    ...(scheme === 'https' && { alpn: ['http/1.1'], ...(sni !== '' && { sni }) }),
  }
  const signIn = releaseSignIn(mesh)
  const answers: CheckAnswer[] = []
  for (;;) {
    const claimed = decidePath(
      door,
      request,
      { now, verified: acting.verified, trace: false, answers },
      proxy,
    )
    if (claimed.decision.kind !== 'ask' || answers.length > 8) {
      const sent: Sent = {
        scheme,
        method: witness.method,
        host,
        path,
        headers: withSigned(headers),
        ...(scheme === 'https' && { sni }),
        // Only loopback can be sent from here.
        ...(witness.from?.startsWith('127.') && { sourceIp: witness.from }),
      }
      const told = answers.map((answer) => ({ ...answer, headers: withSigned(answer.headers) }))
      return { proxy, port, sent, answers: told, claimed }
    }
    const { check } = claimed.decision
    const usual = acting.answer(check)
    answers.push(signIn?.answer(check, usual, true) ?? usual)
  }
}

function expected({ decision, workload }: PathDecision): string {
  switch (decision.kind) {
    case 'reply':
      return String(decision.status)
    case 'drop':
      return decision.error
    case 'forward':
      return workload === undefined ? '200' : `200 echo ${workload.namespace}/${workload.name}`
    default:
      return `${(decision as Decision).kind}`
  }
}

function seen(got: Got, want: string): string {
  if ('error' in got) return got.error
  return want.includes('echo') ? `${got.status} ${got.body}` : String(got.status)
}

const standingOf = (text: readonly { file: string; text: string }[]): Standing => {
  const { mesh } = parseMesh(text)
  const engine = { istioVersion: '1.31.0', fetched }
  return { mesh, engine, door: compileDoor(mesh, engine) }
}

const rowsOf = ({ mesh, engine }: Standing): readonly MapRow[] => {
  const signIn = releaseSignIn(mesh)
  return accessMap(mesh, { ...engine, now, ...(signIn && { signIn }) }).filter(
    ({ door }) => door !== 'inside the mesh',
  )
}

/** One row of each kind: the same route, verdict, reason and kind of caller. */
function someOf(rows: readonly MapRow[], each: number): readonly MapRow[] {
  const kinds = new Map<string, number>()
  return rows.filter(({ route, verdict, reason, principal }) => {
    const key = `${route.id} ${route.match} ${route.hosts} ${verdict} ${reason} ${principal.split(':')[0]}`
    const count = kinds.get(key) ?? 0
    kinds.set(key, count + 1)
    return count < each
  })
}

const profiles = ['26.03', 'v1.9', 'v1.8', 'v1.6'] as const
const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const random = fc
  .sample(aMesh, { seed, numRuns: 40 })
  .map((text) => standingOf([{ file: 'random.yaml', text }]))
const released = await Promise.all(
  profiles.map(async (name) => standingOf([...(await readInputs([`profile:${name}`], async () => ''))])),
)
const { doors, close } = await startWholeDoors([...released, ...random])
after(close)

/** How many rows of a door Envoy treats as claimed. */
async function agreed(standing: Standing, whole: WholeDoor, rows: readonly MapRow[]) {
  const told = { agreed: 0, unknown: 0, refused: 0, outcomes: new Map<string, number>() }
  for (const row of rows) {
    const asked = askedBy(row, standing)
    if (
      asked === undefined ||
      row.outcome.verdict === 'unknown' ||
      (row.witness.from !== undefined && asked.sent.sourceIp === undefined)
    ) {
      told.unknown++
      continue
    }
    const { proxy, port, sent, answers, claimed } = asked
    if (whole.refusal(proxy, port) !== undefined) {
      told.refused++
      continue
    }
    const about = `${row.principal} ${row.route.id} ${JSON.stringify(row.witness)} ${row.verdict} ${row.reason}`
    // What the map claims is what the engine says of this very request.
    assert.equal(
      `${claimed.verdict} ${claimed.reason}`,
      `${row.outcome.verdict} ${row.outcome.reason}`,
      about,
    )
    const want = expected(claimed)
    const got = seen(await whole.ask(proxy, port, sent, answers), want)
    assert.equal(got, want, about)
    told.agreed++
    told.outcomes.set(row.verdict, (told.outcomes.get(row.verdict) ?? 0) + 1)
  }
  return told
}

for (const [index, name] of profiles.entries()) {
  test(`witnesses of the map of ${name} fare at Envoy as claimed`, async (context) => {
    const standing = released[index] as Standing
    const told = await agreed(
      standing,
      doors[index] as WholeDoor,
      someOf(rowsOf(standing), process.env.KFDOOR_ENVOY === 'all' ? 1000 : 1),
    )
    const outcomes = [...told.outcomes].map(([verdict, count]) => `${verdict}: ${count}`).join(', ')
    context.diagnostic(
      `${told.agreed} as claimed (${outcomes}), ${told.unknown} not asked, ${told.refused} refused`,
    )
    assert.ok(told.agreed > 50 && told.refused === 0)
  })
}

test('witnesses of the maps of random doors fare at Envoy as claimed', async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:real -- conformance/witnesses.real.test.ts`,
  )
  const total = { agreed: 0, unknown: 0, refused: 0 }
  const outcomes = new Map<string, number>()
  for (const [index, standing] of random.entries()) {
    const told = await agreed(
      standing,
      doors[profiles.length + index] as WholeDoor,
      someOf(rowsOf(standing), 1),
    )
    total.agreed += told.agreed
    total.unknown += told.unknown
    total.refused += told.refused
    for (const [verdict, count] of told.outcomes) outcomes.set(verdict, (outcomes.get(verdict) ?? 0) + count)
  }
  context.diagnostic(
    `${total.agreed} as claimed (${[...outcomes].join(', ')}), ${total.unknown} not asked, ${total.refused} refused`,
  )
  assert.ok(total.agreed > 200, 'the doors decide too little')
})
