/** Tokens of service accounts at the door: who signs them here, where the keys are, whom they are for. */
import type { JwtRule, Mesh, RequestAuthentication } from '../mesh/index.ts'
import type { Principal } from '../policy/index.ts'
import { accessMap } from '../regions/index.ts'
import { anybody } from './anybody.ts'
import { asksBefore } from './authn-filter.ts'
import { createOf, updateOf } from './changes.ts'
import { type Entrance, findEntrance, type IntentWorld, standsBefore } from './entrance.ts'
import { PROXY, proxyObjects } from './jwks-proxy.ts'
import { INTENT, refuseOdd, type Signer, type SignerAsk, signerOf } from './m2m-signer.ts'
import type { Change, Intended } from './plan.ts'
import { meshAfter } from './plan-of.ts'
import { findRaw } from './raw-door.ts'
import { refuse } from './refuse.ts'

export interface M2mAsk extends SignerAsk {
  readonly gateway?: string
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function enableM2m(world: IntentWorld, ask: M2mAsk): Intended {
  const { mesh } = world
  const entrance = findEntrance(world, INTENT, ask.gateway)
  refuseOdd(ask)
  const signer = signerOf(ask)
  const placed = rulesAt(mesh, entrance)
  const rules = placed.map(({ rule }) => rule)
  const known = placed.filter(({ rule }) => signer.issuers.includes(rule.issuer.value))
  const fresh = signer.issuers.filter((issuer) => !known.some(({ rule }) => rule.issuer.value === issuer))
  for (const one of known) refuseOther(one, ask)
  if (fresh.length === 0) return alreadyRead(signer, known, ask)
  const keys = signer.jwksUri ?? known.find(({ rule }) => rule.jwksUri !== undefined)?.rule.jwksUri?.value
  const proxy = keys === undefined
  const jwksUri = keys ?? `http://${PROXY}.${entrance.pods.namespace}.svc.cluster.local/openid/v1/jwks`
  const audiences = ask.audiences ?? [gatewayName(entrance)]
  const changes = [
    ...(proxy
      ? proxyObjects(world, entrance.pods.namespace, ask.proxyImage ?? 'bitnamisecure/kubectl:latest')
      : []),
    authentication(world, entrance, rules, fresh, { jwksUri, audiences }),
  ]
  const gain = whereTokensLead(world, changes, fresh[0] as string, audiences[0])
  if (gain.length === 0) {
    refuse(
      INTENT,
      [
        `the gateway would read such tokens, and nobody would get in by one: ${whatStillAsks(world, entrance)} is asked about every request`,
      ],
      'put an auth service there that reads such tokens (`kfdoor serve authz`), or ask the one there is about browsers only',
    )
  }
  return {
    changes,
    callers: callersOf(audiences[0]),
    principals: accountsOf(fresh[0] as string, audiences[0]),
    risks: [
      `with a token of ${fresh.join(' or of ')}${audiences.length > 0 ? ` for ${audiences.join(', ')}` : ''}, an account gets through on ${gain.length} routes where it did not, for example ${gain[0]}`,
      ...signer.risks,
      ...(audiences.length === 0 ? [anyToken] : []),
      ...(proxy
        ? [
            `\`${PROXY}\` has to run before the first token: until istiod has the keys, tokens get 401 \`Jwks doesn't have key to match kid or alg from Jwt\`; istiod asks again every PILOT_JWT_PUB_KEY_REFRESH_INTERVAL (20m unless set)`,
            ...unreadable(ask, entrance),
          ]
        : [
            `istiod has to reach ${jwksUri}: from a cluster without a way out, use \`--jwks-uri\` of a proxy inside`,
          ]),
      'every service account of every namespace is let in with such a token, as `system:serviceaccount:NAMESPACE:NAME`; what it may do there is decided by the application’s own roles',
    ],
  }
}

const anyToken =
  'every token of the cluster counts, also one that was made for another service: whoever gets hold of one is its owner here. Name an audience'

interface PlacedRule {
  readonly owner: RequestAuthentication
  readonly rule: JwtRule
}

function rulesAt(mesh: Mesh, { pods }: Entrance): readonly PlacedRule[] {
  return mesh.requestAuthentications
    .filter((owner) => standsBefore(mesh, pods, owner))
    .flatMap((owner) => owner.jwtRules.map((rule) => ({ owner, rule })))
}

/** A rule of somebody's that reads these tokens otherwise than asked. @throws Fault ERR_INTENT_REFUSED */
function refuseOther({ owner, rule }: PlacedRule, { audiences, jwksUri }: M2mAsk): void {
  const taken = rule.audiences.map(({ value }) => value)
  const missing = taken.length > 0 ? (audiences?.filter((one) => !taken.includes(one)) ?? []) : []
  const reasons = [
    ...(missing.length > 0
      ? [`takes tokens for ${taken.join(', ')}, and none for ${missing.join(', ')}`]
      : []),
    ...(taken.length > 0 && audiences?.length === 0 ? [`takes tokens for ${taken.join(', ')} only`] : []),
    ...(jwksUri !== undefined && rule.jwksUri?.value !== jwksUri
      ? [rule.jwksUri === undefined ? 'has keys of its own' : `has its keys from ${rule.jwksUri.value}`]
      : []),
  ]
  if (reasons.length === 0) return
  refuse(
    INTENT,
    reasons.map(
      (reason) =>
        `RequestAuthentication \`${owner.namespace}/${owner.name}\` (${rule.at.file}:${rule.at.line}) reads tokens of ${rule.issuer.value} already and ${reason}`,
    ),
    'change that rule where it is kept',
  )
}

function alreadyRead({ issuers }: Signer, known: readonly PlacedRule[], { audiences }: M2mAsk): Intended {
  const open = known.find(({ rule }) => rule.audiences.length === 0)
  const [audience] = audiences ?? known.flatMap(({ rule }) => rule.audiences.map(({ value }) => value))
  return {
    changes: [],
    callers: callersOf(audience),
    risks: [
      `the door reads tokens of ${issuers.join(' and ')} already`,
      ...(open === undefined || audiences?.length === 0
        ? []
        : [
            `RequestAuthentication \`${open.owner.namespace}/${open.owner.name}\` (${open.rule.at.file}:${open.rule.at.line}) names no audience: ${anyToken}`,
          ]),
    ],
  }
}

/** What RBAC says of the proxy, where the API server was asked. */
function unreadable({ discovered }: M2mAsk, { pods: { namespace } }: Entrance): readonly string[] {
  if (discovered?.mayRead !== false) return []
  return [
    `RBAC does not let \`system:serviceaccount:${namespace}:${PROXY}\` read the API server’s keys, so that no token is found good: kubectl create clusterrolebinding ${PROXY} --clusterrole=system:service-account-issuer-discovery --serviceaccount=${namespace}:${PROXY}`,
  ]
}

const gatewayName = ({ services, pods }: Entrance) =>
  `${services.find(({ ports }) => ports.some(({ port }) => port === 80 || port === 443))?.name ?? pods.name}.${pods.namespace}.svc.cluster.local`

function authentication(
  { door, mesh }: IntentWorld,
  { pods, gateway }: Entrance,
  known: readonly JwtRule[],
  issuers: readonly string[],
  { jwksUri, audiences }: { readonly jwksUri: string; readonly audiences: readonly string[] },
): Change {
  // The header this door hands on, as its rule for people has it.
  const written = known.flatMap(({ outputClaimToHeaders }) => outputClaimToHeaders)
  const header =
    written.find(({ claim }) => claim === 'email' || claim === 'sub')?.header ?? 'kubeflow-userid'
  const groups = written.find(({ claim }) => claim === 'groups')?.header ?? 'kubeflow-groups'
  const rules = issuers.map((issuer) => ({
    issuer,
    jwksUri,
    ...(audiences.length > 0 && { audiences }),
    forwardOriginalToken: true,
    fromHeaders: [{ name: 'Authorization', prefix: 'Bearer ' }],
    outputClaimToHeaders: [
      { claim: 'sub', header },
      { claim: 'groups', header: groups },
    ],
  }))
  const why = 'the gateway reads tokens of service accounts'
  const usual = 'm2m-token-issuer'
  const { namespace } = pods
  const raw = findRaw(door, { kind: 'RequestAuthentication', namespace, name: usual })
  const there = mesh.requestAuthentications.some(
    (one) => one.namespace === namespace && one.name === usual && standsBefore(mesh, pods, one),
  )
  if (raw !== undefined && there) {
    return updateOf(
      raw,
      (copy) => {
        copy.spec = { ...copy.spec, jwtRules: [...(copy.spec?.jwtRules ?? []), ...rules] }
      },
      'opens',
      why,
    )
  }
  // One of that name before other pods is theirs.
  const name = raw === undefined ? usual : `${usual}-${gateway.name}`
  const beside = mesh.requestAuthentications.find(
    (one) => one.namespace === namespace && one.selector !== undefined && standsBefore(mesh, pods, one),
  )
  return createOf(
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name, namespace },
      spec: { selector: { matchLabels: beside?.selector ?? gateway.selector }, jwtRules: rules },
    },
    'opens',
    why,
  )
}

/**
 * Where an account gets with a token of this issuer and did not before. The access diff asks with tokens
 * of the usual issuer; a cloud's own has to be asked about by name.
 */
function whereTokensLead(
  { door, mesh, now, view }: IntentWorld,
  changes: readonly Change[],
  issuer: string,
  audience: string | undefined,
): readonly string[] {
  const principals = accountsOf(issuer, audience).slice(0, 1)
  const after = meshAfter(door, changes)
  const open = (each: Mesh) =>
    accessMap(each, { now, ...view(each), principals }).flatMap(({ door: at, route, verdict, witness }) =>
      verdict === 'allow' ? [[`${at} ${route.id}`, `${witness.method} ${witness.url}`] as const] : [],
    )
  const before = new Set(open(mesh).map(([way]) => way))
  return open(after).flatMap(([way, request]) => (before.has(way) ? [] : [request]))
}

/** Any account of the cluster, with a token of this issuer; also with forged headers. */
function accountsOf(issuer: string, audience: string | undefined): readonly Principal[] {
  return [false, true].map((forged) => ({
    kind: 'service-account',
    ...anybody,
    forged,
    issuer,
    ...(audience && { audience }),
  }))
}

function whatStillAsks(world: IntentWorld, { pods }: Entrance): string {
  const [filter] = asksBefore(world, pods)
  return filter === undefined
    ? 'something else'
    : `the auth service of EnvoyFilter \`${filter.owner.namespace}/${filter.owner.name}\``
}

const callersOf = (audience: string | undefined) => [{ title: 'Callers', text: callersText(audience) }]

const callersText = (audience: string | undefined): string =>
  [
    `kubectl create token ACCOUNT -n NAMESPACE${audience === undefined ? '' : ` --audience=${audience}`} --duration=1h`,
    '# in a pod, renewed by the kubelet:',
    'volumes:',
    '- name: door-token',
    '  projected:',
    '    sources:',
    `    - serviceAccountToken: {path: token, expirationSeconds: 3600${audience === undefined ? '' : `, audience: ${audience}`}}`,
    '# then: curl -H "Authorization: Bearer $(cat /var/run/secrets/door/token)" https://HOST/…',
  ].join('\n')
