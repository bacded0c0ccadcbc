/** A witness as its caller sends it to a real Envoy: tokens are signed here, authorizers answer what the release's would. */
import { createSign, generateKeyPairSync } from 'node:crypto'
import { releaseSignIn } from '../../src/compose/release-answers.ts'
import { type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import {
  actAs,
  type CheckAnswer,
  type Context,
  compileDoor,
  type Decision,
  type DoorRequest,
  decideFromInside,
  decidePath,
  type HeaderList,
  nextHop,
  type PathDecision,
  type Principal,
  type ProxyIdentity,
  parsePrincipal,
} from '../../src/policy/index.ts'
import type { Witness } from '../../src/regions/index.ts'
import type { Got, Sent, Standing } from './whole-door.ts'

/** Seconds since the epoch, of the whole run: tokens are good from here on. */
export const now = Math.trunc(Date.now() / 1000)
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

export interface Asked {
  readonly proxy: ProxyIdentity
  readonly port: number
  readonly sent: Sent
  readonly answers: readonly CheckAnswer[]
  readonly claimed: PathDecision
}

/** The witness's request as its caller sends it to that gateway, and the engine's own word about it; undefined = nothing listens there. */
export function askedOf(
  proxy: ProxyIdentity,
  principal: string,
  witness: Witness,
  standing: Standing,
): Asked | undefined {
  const line = lineOf(witness)
  if (line === undefined) return undefined
  const { port } =
    standing.door
      .listeners(proxy)
      .listeners.find(({ chains }) =>
        chains.some(
          ({ server, tls }) => server.server.port.number === line.number && tls === (line.scheme === 'https'),
        ),
      ) ?? {}
  if (port === undefined) return undefined
  return settled(principal, witness, standing, { proxy, port }, (request, context) =>
    decidePath(standing.door, request, context, proxy),
  )
}

/** The same of somebody inside without a sidecar, who calls a Service; undefined = no gateway stands behind that. */
export function askedInside(principal: string, witness: Witness, standing: Standing): Asked | undefined {
  const { door } = standing
  const line = lineOf(witness)
  if (line?.scheme !== 'http') return undefined
  const [, host = '', number = '80'] = /^(.*?)(?::(\d+))?$/.exec(line.authority) ?? []
  const call = { host, port: Number(number) }
  const next = nextHop(door, { destination: call }, 1, false)
  if (next.kind !== 'gateway') return undefined
  const open = door.listeners(next.proxy).listeners.some(({ port }) => port === next.port)
  if (!open) return undefined
  return settled(principal, witness, standing, next, (request, context) =>
    decideFromInside(door, request, context, call),
  )
}

function lineOf(witness: Witness) {
  const [, scheme, authority = '', path = '/'] = /^(https?):\/\/([^/]*)(.*)$/.exec(witness.url) ?? []
  if (scheme !== 'http' && scheme !== 'https') return undefined
  const named = witness.headers.find(([header]) => header === 'host')?.[1]
  const host = named ?? authority
  const number = Number(
    (named === undefined ? undefined : /:(\d+)$/.exec(authority)?.[1]) ?? (scheme === 'https' ? 443 : 80),
  )
  return { scheme, authority, path, host, number } as const
}

/** The request, once every authorizer it meets has answered. */
function settled(
  principal: string,
  witness: Witness,
  { mesh }: Standing,
  { proxy, port }: { readonly proxy: ProxyIdentity; readonly port: number },
  decide: (request: DoorRequest, context: Context) => PathDecision,
): Asked {
  const who = parsePrincipal(principal) as Principal
  const { scheme, host, path } = lineOf(witness) as NonNullable<ReturnType<typeof lineOf>>
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
    const claimed = decide(request, { now, verified: acting.verified, trace: false, answers })
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

/** What Envoy has to answer for that to be true, as `seen` writes it. */
export function expected({ decision, workload }: PathDecision): string {
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

export function seen(got: Got, want: string): string {
  if ('error' in got) return got.error
  return want.includes('echo') ? `${got.status} ${got.body}` : String(got.status)
}

/** A mesh as it stands in Envoy; every issuer's keys are ours. */
export function standingOf(text: readonly MeshInput[]): Standing {
  const { mesh } = parseMesh(text)
  const engine = { fetched }
  const yaml = text.map((each) => each.text).join('\n---\n')
  return { mesh, engine, door: compileDoor(mesh, engine), yaml }
}
