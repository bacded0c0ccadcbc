/** TLS at the Gateway: 443 with a certificate, 80 that only says where it is. */
import { Fault } from '../base/index.ts'
import type { Mesh } from '../mesh/index.ts'
import { createOf, updateOf } from './changes.ts'
import { type Entrance, findEntrance, type IntentWorld, podPort, podsOf } from './entrance.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { findRaw } from './raw-door.ts'
import { redirectsFirst } from './tls-redirect.ts'
import {
  bareHost,
  gatewayChange,
  hostsServed,
  INTENT,
  isPlain,
  planServers,
  type ServersPlan,
} from './tls-servers.ts'

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
}

/** What a Gateway will name, and what it will be served for. */
export interface ServedWith {
  /** Where Istio looks for the Secret, and beside it for `NAME-cacert`. */
  readonly place: { readonly name: string; readonly namespace: string }
  readonly gatewayNamespace: string
  /** Without those that are a star alone. */
  readonly hosts: readonly string[]
  readonly mutual: boolean
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function servedWith(world: IntentWorld, ask: TlsAsk): ServedWith {
  const entrance = findEntrance(world, INTENT, ask.gateway)
  const servers = planServers(entrance, ask)
  return {
    place: { name: ask.secret, namespace: entrance.pods.namespace },
    gatewayNamespace: entrance.gateway.namespace,
    hosts: [...hostsServed(servers)].filter((host) => host !== '*'),
    mutual: servers.mutual,
  }
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE, ERR_SUBJECT_UNKNOWN */
export function enableTls(world: IntentWorld, ask: TlsAsk): Intended {
  refuseBadNames(ask)
  const entrance = findEntrance(world, INTENT, ask.gateway)
  const servers = planServers(entrance, ask)
  refuseUnservable(world.mesh, entrance, servers)
  const listener = gatewayChange(entrance, ask, servers)
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
      ...(servers.mutual
        ? [
            `callers without a certificate of the authority in \`${ask.secret}-cacert\` are turned away before anything is asked; where that Secret is not in \`${entrance.pods.namespace}\`, Istio takes the \`ca.crt\` in \`${ask.secret}\`, and without either port 443 answers nobody`,
          ]
        : []),
      ...redirect.risks,
      ...(listener && servers.redirecting.some(isPlain)
        ? [
            `whoever calls http:// inside the cluster (${entrance.services.map(({ namespace, name }) => `${name}.${namespace}.svc`).join(', ')}) gets the redirect too, and most clients do not carry a POST through it`,
          ]
        : []),
    ],
    callers: [
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
function refuseUnservable(mesh: Mesh, { services, pods }: Entrance, servers: ServersPlan): void {
  const reasons: string[] = []
  if (services.length > 0 && podPort(services, 443) === undefined) {
    reasons.push(
      `no Service in front of ${pods.namespace}/${pods.name} has a port 443, so nobody could reach the listener`,
    )
  }
  const wanted = hostsServed(servers)
  for (const other of mesh.gateways) {
    if (podsOf(mesh, other) !== pods) continue
    for (const server of other.servers) {
      // Through PASSTHROUGH goes what another certificate is shown for.
      const own = servers.secured.includes(server) && server.tls?.mode?.value !== 'PASSTHROUGH'
      if (server.port.number !== 443 || own) continue
      if (server.hosts.some(({ value }) => wanted.has(bareHost(value)))) {
        reasons.push(
          `Gateway \`${other.namespace}/${other.name}\` serves port 443 of the same pods for ${server.hosts.map(({ value }) => value).join(', ')} already; Istio would drop one of the two`,
        )
      }
    }
  }
  if (reasons.length > 0) throw new Fault('ERR_INTENT_REFUSED', { intent: INTENT, reasons })
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
