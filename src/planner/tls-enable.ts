/** TLS at the Gateway: 443 with a certificate, 80 that only says where it is. */
import { Fault } from '../base/index.ts'
import type { Gateway, Mesh } from '../mesh/index.ts'
import { diffAccess } from '../regions/index.ts'
import { createOf, type EditableObject, updateOf } from './changes.ts'
import { type Entrance, findEntrance, type IntentWorld, podPort, podsOf, standsBefore } from './entrance.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { meshAfter } from './plan-of.ts'
import { findRaw } from './raw-door.ts'

export interface TlsAsk {
  /** `NS/NAME`; undefined = Kubeflow's. */
  readonly gateway?: string
  /** The Secret in the namespace of the gateway's pods. It is never part of a plan: it holds the key. */
  readonly secret: string
  /** cert-manager makes and renews the Secret. */
  readonly issuer?: { readonly kind: 'Issuer' | 'ClusterIssuer'; readonly name: string }
  /** Names of the certificate; undefined = the Gateway's own hosts. */
  readonly hosts?: readonly string[]
  /** Addresses of the certificate, which are no names in it. */
  readonly addresses?: readonly string[]
  /** Callers show certificates too; their authority lies in SECRET-cacert. */
  readonly mutual?: boolean
  /** Lines that make the Secret, for who does it by hand. */
  readonly makeSecret?: string
}

const INTENT = 'tls enable'

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE, ERR_SUBJECT_UNKNOWN */
export function enableTls(world: IntentWorld, ask: TlsAsk): Intended {
  refuseBadNames(ask)
  const entrance = findEntrance(world, INTENT, ask.gateway)
  refuseUnservable(world.mesh, entrance)
  const listener = gatewayChange(entrance, ask)
  const certificate = ask.issuer ? certificateOf(world, entrance, ask) : undefined
  const base = [...(certificate ? [certificate] : []), ...(listener ? [listener] : [])]
  const redirect = redirectsFirst(world, entrance, base)
  return {
    changes: [...base, ...redirect.changes],
    risks: [
      ...(base.length > 0 && !ask.issuer
        ? [
            `the Secret \`${ask.secret}\` has to be in \`${entrance.pods.namespace}\` before this is applied: without it port 443 answers nobody, and port 80 only redirects there`,
          ]
        : []),
      ...(certificate
        ? [
            'until cert-manager has made the Secret, port 443 answers nobody: `kubectl wait --for=condition=Ready certificate` first',
          ]
        : []),
      ...(ask.mutual
        ? [
            `callers without a certificate of the authority in \`${ask.secret}-cacert\` are turned away before anything is asked`,
          ]
        : []),
      ...redirect.risks,
      ...(listener && entrance.gateway.servers.some(isPlain)
        ? [
            `whoever calls http:// inside the cluster (${entrance.services.map(({ namespace, name }) => `${name}.${namespace}.svc`).join(', ')}) gets the redirect too, and most clients do not carry a POST through it`,
          ]
        : []),
    ],
    callers: [
      ...(ask.makeSecret
        ? [{ title: 'First, the Secret. It holds the key, so it is in no plan', text: ask.makeSecret }]
        : []),
      {
        title: 'Callers',
        text: 'kfdoor ca inspect https://HOST --ca CA.crt   # which client takes it\ncurl --cacert CA.crt https://HOST/\n# a redirect drops a POST’s body in most clients: give them the https:// address',
      },
    ],
  }
}

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** The API server would take a Gateway with any of these, and its port would stay silent. */
function refuseBadNames({ secret, issuer }: TlsAsk): void {
  if (!objectName.test(secret)) {
    throw new Fault('ERR_USAGE', {
      message: `\`--secret\`: \`${secret}\` is not a Secret’s name`,
      next: 'name the Secret beside the gateway’s pods, in small letters and without its namespace',
    })
  }
  if (issuer !== undefined && !objectName.test(issuer.name)) {
    throw new Fault('ERR_USAGE', {
      message: `\`--cert-manager\`: \`${issuer.name}\` is not an issuer’s name`,
      next: '`kubectl get clusterissuers,issuers -A` lists them',
    })
  }
}

/** What Istio would take and Envoy could not serve. */
function refuseUnservable(mesh: Mesh, { gateway, services, pods }: Entrance): void {
  const reasons: string[] = []
  if (services.length > 0 && podPort(services, 443) === undefined) {
    reasons.push(
      `no Service in front of ${pods.namespace}/${pods.name} has a port 443, so nobody could reach the listener`,
    )
  }
  for (const other of mesh.gateways) {
    if (podsOf(mesh, other) !== pods) continue
    for (const server of other.servers) {
      if (
        server.port.number !== 443 ||
        (other === gateway && server.port.protocol === 'HTTPS' && server.tls?.mode?.value !== 'PASSTHROUGH')
      )
        continue
      const same = server.hosts.some(
        ({ value }) =>
          value === '*' || gateway.servers.some(({ hosts }) => hosts.some((host) => host.value === value)),
      )
      if (same) {
        reasons.push(
          `Gateway \`${other.namespace}/${other.name}\` serves port 443 of the same pods for ${server.hosts.map(({ value }) => value).join(', ')} already; Istio would drop one of the two`,
        )
      }
    }
  }
  if (reasons.length > 0) throw new Fault('ERR_INTENT_REFUSED', { intent: INTENT, reasons })
}

function gatewayChange({ gateway, raw, pods }: Entrance, ask: TlsAsk): Change | undefined {
  const tls = { mode: ask.mutual ? 'MUTUAL' : 'SIMPLE', credentialName: ask.secret }
  const plain = gateway.servers.filter(isPlain)
  const secure = gateway.servers.filter(({ port }) => port.number === 443 && port.protocol === 'HTTPS')
  const isDone = secure.some(
    (server) => server.tls?.credentialName?.value === ask.secret && server.tls?.mode?.value === tls.mode,
  )
  if (isDone && plain.length === 0) return undefined
  return updateOf(
    raw,
    (copy) => {
      const servers = copy.spec.servers as EditableObject[]
      const hosts = [
        ...new Set(
          servers.flatMap((server) =>
            /^HTTP2?$/.test(server.port.protocol) ? (server.hosts as string[]) : [],
          ),
        ),
      ]
      for (const server of servers) {
        if (/^HTTP2?$/.test(server.port.protocol)) server.tls = { ...server.tls, httpsRedirect: true }
        else if (server.port.number === 443 && server.port.protocol === 'HTTPS')
          server.tls = { ...server.tls, ...tls }
      }
      if (secure.length === 0) {
        servers.push({
          port: { number: 443, name: freeName(servers), protocol: 'HTTPS' },
          hosts: hosts.length > 0 ? hosts : ['*'],
          tls,
        })
      }
    },
    'neutral',
    `443 with the certificate in Secret ${pods.namespace}/${ask.secret}, 80 redirects there`,
  )
}

const isPlain = ({ port, tls }: Gateway['servers'][number]) =>
  /^HTTP2?$/.test(port.protocol) && !tls?.httpsRedirect

function freeName(servers: readonly EditableObject[]): string {
  const taken = new Set(servers.map(({ port }) => port.name))
  return (
    ['https', 'https-door', 'https-kubeflow'].find((name) => !taken.has(name)) ?? `https-${servers.length}`
  )
}

/** cert-manager's Certificate beside the pods, where Istio looks for the Secret. */
function certificateOf({ door }: IntentWorld, { gateway, pods }: Entrance, ask: TlsAsk): Change | undefined {
  const own = gateway.servers.flatMap(({ hosts }) => hosts.map(({ value }) => value.replace(/^[^/]*\//, '')))
  const dnsNames = [...new Set(ask.hosts ?? own.filter((host) => host !== '*'))]
  const ipAddresses = ask.addresses ?? []
  if (dnsNames.length + ipAddresses.length === 0) {
    throw new Fault('ERR_INTENT_REFUSED', {
      intent: INTENT,
      reasons: [
        `Gateway \`${gateway.namespace}/${gateway.name}\` serves every host, and a certificate has to name some`,
      ],
      next: 'name them with `--host`',
    })
  }
  const wanted: KubeObject = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: ask.secret, namespace: pods.namespace },
    spec: {
      secretName: ask.secret,
      ...(dnsNames.length > 0 && { dnsNames }),
      ...(ipAddresses.length > 0 && { ipAddresses }),
      issuerRef: { group: 'cert-manager.io', kind: ask.issuer?.kind, name: ask.issuer?.name },
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    },
  }
  const why = `cert-manager makes and renews Secret ${pods.namespace}/${ask.secret}`
  const there = findRaw(door, { kind: 'Certificate', namespace: pods.namespace, name: ask.secret })
  if (there === undefined) return createOf(wanted, 'neutral', why)
  if (JSON.stringify(there.object.spec) === JSON.stringify(wanted.spec)) return undefined
  return updateOf(
    there,
    (copy) => {
      copy.spec = { ...copy.spec, ...(wanted.spec as object) }
    },
    'neutral',
    why,
  )
}

/**
 * Istio asks policies before it redirects, so a browser would be asked to sign in over plain HTTP first.
 * The port that only redirects is taken out of what asks for sign-in, where it is proved that nobody
 * gains by that: another Gateway may serve the same port in earnest.
 */
function redirectsFirst(
  world: IntentWorld,
  entrance: Entrance,
  base: readonly Change[],
): { readonly changes: readonly Change[]; readonly risks: readonly string[] } {
  const { mesh, now, view } = world
  const plain = podPort(entrance.services, 80)
  const late = 'a browser that comes by http:// is asked to sign in before it is redirected'
  if (plain === undefined) return { changes: [], risks: [late] }
  const changes = [...policyChanges(world, entrance, plain), ...filterChanges(world, entrance, plain)]
  if (changes.length === 0) return { changes, risks: [] }
  const before = meshAfter(world.door, base)
  const after = meshAfter(world.door, [...base, ...changes])
  const { gained, changed, unknown } = diffAccess(before, after, { now, old: view(before), new: view(after) })
  const [first] = [...gained, ...changed]
  if (first === undefined && unknown.length === 0) return { changes, risks: [] }
  const others = mesh.gateways
    .filter((one) => podsOf(mesh, one) === entrance.pods && one.name !== entrance.gateway.name)
    .map(({ namespace, name }) => `${namespace}/${name}`)
  const why =
    first === undefined
      ? 'it cannot be proved that nobody would gain'
      : `${first.principal} would get ${first.witness.method} ${first.witness.url} through`
  return {
    changes: [],
    risks: [
      `${late}: taking port 80 out of the policies was left alone, because ${why}${others.length > 0 ? ` (${others.join(', ')} serve the same pods)` : ''}`,
    ],
  }
}

function policyChanges({ door, mesh }: IntentWorld, { pods }: Entrance, port: number): readonly Change[] {
  return mesh.authorizationPolicies.flatMap((policy) => {
    const action = policy.action?.value
    if ((action !== 'CUSTOM' && action !== 'DENY') || !standsBefore(mesh, pods, policy)) return []
    const raw = findRaw(door, { kind: 'AuthorizationPolicy', namespace: policy.namespace, name: policy.name })
    if (raw === undefined) return []
    const asks = (rule: EditableObject) =>
      action === 'CUSTOM' ||
      (rule.from ?? []).some(({ source }: EditableObject) => source?.notRequestPrincipals?.includes('*'))
    const rules = ((raw.object.spec as EditableObject | undefined)?.rules ?? []) as EditableObject[]
    if (!rules.some((rule) => asks(rule) && !isExempt(rule, port))) return []
    return [
      updateOf(
        raw,
        (copy) => {
          for (const rule of copy.spec.rules as EditableObject[]) {
            if (!asks(rule) || isExempt(rule, port)) continue
            if (rule.to === undefined || rule.to.length === 0) rule.to = [{ operation: {} }]
            for (const { operation } of rule.to)
              operation.notPorts = [...(operation.notPorts ?? []), String(port)]
          }
        },
        'neutral',
        `port ${port} (80) only redirects, so nobody is asked to sign in there`,
      ),
    ]
  })
}

const isExempt = (rule: EditableObject, port: number): boolean =>
  (rule.to ?? []).length > 0 &&
  rule.to.every(({ operation }: EditableObject) => operation?.notPorts?.includes(String(port)))

/** An EnvoyFilter that asks at every port of the pods is put at the ports that serve. */
function filterChanges(
  { door, mesh }: IntentWorld,
  { pods, services }: Entrance,
  port: number,
): readonly Change[] {
  const ports = [
    ...new Set([
      ...mesh.gateways
        .filter((gateway) => podsOf(mesh, gateway) === pods)
        .flatMap(({ servers }) =>
          servers.map((server) => podPort(services, server.port.number) ?? server.port.number),
        ),
      podPort(services, 443) ?? 8443,
    ]),
  ].filter((one) => one !== port)
  return mesh.envoyFilters.flatMap((filter) => {
    const selects = filter.workloadSelector
    if (
      selects === undefined ||
      Object.entries(selects).some(([key, value]) => pods.podLabels[key] !== value)
    )
      return []
    const raw = findRaw(door, { kind: 'EnvoyFilter', namespace: filter.namespace, name: filter.name })
    const patches = ((raw?.object.spec as EditableObject | undefined)?.configPatches ??
      []) as EditableObject[]
    if (raw === undefined || !patches.some(asksEverywhere)) return []
    return [
      updateOf(
        raw,
        (copy) => {
          copy.spec.configPatches = (copy.spec.configPatches as EditableObject[]).flatMap((patch) =>
            asksEverywhere(patch)
              ? ports.map((portNumber) => {
                  const one = JSON.parse(JSON.stringify(patch)) as EditableObject
                  one.match = { ...one.match, listener: { ...one.match?.listener, portNumber } }
                  return one
                })
              : [patch],
          )
        },
        'neutral',
        `port ${port} (80) only redirects, so the auth service is asked at ${ports.join(', ')} only`,
      ),
    ]
  })
}

const asksEverywhere = ({ applyTo, match, patch }: EditableObject): boolean =>
  applyTo === 'HTTP_FILTER' &&
  match?.context === 'GATEWAY' &&
  match?.listener?.portNumber === undefined &&
  /ext_authz/.test(String(patch?.value?.name ?? ''))
