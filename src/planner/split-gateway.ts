/** The local gateway on pods of its own, so that what asks for sign-in at the door no longer meets calls inside. */
import { Fault } from '../base/index.ts'
import { type Gateway, type Labels, type Mesh, serviceSelects, type Workload } from '../mesh/index.ts'
import { createOf, updateOf } from './changes.ts'
import { findEntrance, type IntentWorld, podsOf, standsBefore } from './entrance.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { findRaw } from './raw-door.ts'

export interface SplitAsk {
  /** The door, `NS/NAME`; undefined = Kubeflow's. */
  readonly gateway?: string
  /** The Gateway for calls inside; undefined = KServe's. */
  readonly local?: string
}

const NAME = 'knative-local-gateway'

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function splitGateway(world: IntentWorld, ask: SplitAsk, intent = 'split-gateway'): Intended {
  const { door, mesh } = world
  const entrance = findEntrance(world, intent, ask.gateway)
  const local = localGateway(mesh, intent, ask.local)
  if (local === entrance.gateway)
    throw new Fault('ERR_USAGE', {
      message: `Gateway \`${local.namespace}/${local.name}\` is the door itself, and not the one for calls inside`,
      next: 'name that one with `--local NS/NAME`',
    })
  if (podsOf(mesh, local) !== entrance.pods) {
    return {
      changes: [],
      callers: [],
      risks: [`Gateway \`${local.namespace}/${local.name}\` has pods of its own already`],
    }
  }
  const refuse = (...reasons: readonly string[]): never => {
    throw new Fault('ERR_INTENT_REFUSED', { intent, reasons })
  }
  const raw = findRaw(door, {
    kind: 'Gateway',
    namespace: local.namespace,
    name: local.name,
    group: 'networking.istio.io',
  })
  if (raw === undefined)
    return refuse(`Gateway \`${local.namespace}/${local.name}\` is written in a way that cannot be edited`)
  const { pods } = entrance
  const ports = local.servers.map(({ port }) => port.number)
  const services = mesh.services.filter(
    (service) =>
      service.namespace === pods.namespace &&
      serviceSelects(service, pods.podLabels) &&
      service.ports.some(({ port, targetPort }) => ports.includes(Number(targetPort ?? port))),
  )
  const shared = services.filter((service) =>
    service.ports.some(({ port, targetPort }) => !ports.includes(Number(targetPort ?? port))),
  )
  if (services.length === 0)
    refuse(
      `no Service leads to port ${ports.join(', ')} of ${pods.namespace}/${pods.name}, so nobody could be led elsewhere`,
    )
  if (shared.length > 0) {
    refuse(
      `Service \`${shared[0]?.namespace}/${shared[0]?.name}\` leads to the door and to the local gateway at once; give the local gateway a Service of its own first`,
    )
  }
  const there = ownPods(mesh, pods)
  const labels = there ? keyLabels(there.podLabels) : { app: NAME, istio: NAME }
  const account = there?.serviceAccount || NAME
  const moved: Change[] = services.flatMap((service) => {
    const one = findRaw(door, { kind: 'Service', namespace: service.namespace, name: service.name })
    return one === undefined
      ? []
      : [
          updateOf(
            one,
            (copy) => {
              copy.spec.selector = labels
            },
            'opens',
            'calls inside go to the local gateway’s own pods',
          ),
        ]
  })
  return {
    changes: [
      ...(there ? [] : newPods(pods.namespace, labels, revisionOf(mesh, pods))),
      ...allowance(mesh, there, pods.namespace, labels, ports),
      updateOf(
        raw,
        (copy) => {
          copy.spec.selector = labels
        },
        'opens',
        'the local gateway is served by its own pods',
      ),
      ...moved,
    ],
    risks: [
      'between the last two changes calls inside the cluster find no listener; it takes a moment',
      ...(there
        ? []
        : [
            `the new pods have to be ready before the Service leads to them: \`kubectl -n ${pods.namespace} rollout status deployment ${NAME}\``,
          ]),
      ...namesOldAccount(mesh, pods, account),
      'istiod does not have to restart',
    ],
    callers: [
      {
        title: 'Callers inside the cluster',
        text: 'http://MODEL.NAMESPACE.svc.cluster.local/v1/models/MODEL:predict   # as before, and nobody asks for a sign-in',
      },
    ],
  }
}

function localGateway(mesh: Mesh, intent: string, wanted: string | undefined): Gateway {
  const configured = /"localGateway"\s*:\s*"([^"]+)"/.exec(
    mesh.configMaps.find(({ name }) => name === 'inferenceservice-config')?.data.ingress ?? '',
  )?.[1]
  const asked = wanted ?? configured ?? `knative-serving/${NAME}`
  const found = mesh.gateways.find(({ namespace, name }) => `${namespace}/${name}` === asked)
  if (found) return found
  throw new Fault('ERR_INTENT_REFUSED', {
    intent,
    reasons: [`there is no Gateway \`${asked}\` for calls inside the cluster`],
    next: `name it with \`--local NS/NAME\`: ${mesh.gateways.map(({ namespace, name }) => `\`${namespace}/${name}\``).join(', ')}`,
  })
}

/** Kubeflow installs pods for this and some clusters point elsewhere: they are used before new ones are made. */
function ownPods(mesh: Mesh, door: Workload): Workload | undefined {
  return mesh.workloads.find(
    (one) =>
      one !== door &&
      one.namespace === door.namespace &&
      ['cluster-local-gateway', NAME].includes(one.podLabels.istio ?? '') &&
      one.containers.some(({ name }) => name === 'istio-proxy'),
  )
}

const keyLabels = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key === 'app' || key === 'istio'))

/** Of the istiod the door listens to, where it is not the default one: no other injector would fill the new pods in. */
function revisionOf({ meshConfig }: Mesh, { podLabels }: Workload): Labels {
  const revision = podLabels['istio.io/rev'] ?? meshConfig.revision ?? 'default'
  return revision === 'default' ? {} : { 'istio.io/rev': revision }
}

/** A gateway as istiod's injector fills it in: image, ports and certificates are its own. */
function newPods(namespace: string, labels: Labels, revision: Labels): readonly Change[] {
  const metadata = { name: NAME, namespace, labels }
  const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata }
  const deployment: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: {
          labels: { ...labels, ...revision, 'sidecar.istio.io/inject': 'true' },
          annotations: { 'inject.istio.io/templates': 'gateway' },
        },
        spec: {
          serviceAccountName: NAME,
          securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
          containers: [
            {
              name: 'istio-proxy',
              image: 'auto',
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                runAsNonRoot: true,
              },
              resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
            },
          ],
        },
      },
    },
  }
  return [
    createOf(account, 'neutral', 'whom the local gateway’s pods are'),
    createOf(deployment, 'neutral', 'pods of the local gateway’s own'),
  ]
}

/** Where the mesh denies what nobody allows, the new pods need what the door’s pods had; for their port only. */
function allowance(
  mesh: Mesh,
  there: Workload | undefined,
  namespace: string,
  labels: Labels,
  ports: readonly number[],
): readonly Change[] {
  const pods = there ?? { namespace, podLabels: labels }
  const before = mesh.authorizationPolicies.filter(
    (policy) => (policy.action?.value ?? 'ALLOW') === 'ALLOW' && standsBefore(mesh, pods, policy),
  )
  if (before.length === 0 || before.some(({ rules }) => rules !== undefined && rules.length > 0)) return []
  return [
    createOf(
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: NAME, namespace },
        spec: {
          selector: { matchLabels: labels },
          action: 'ALLOW',
          rules: [{ to: [{ operation: { ports: ports.map(String) } }] }],
        },
      },
      'neutral',
      'this mesh denies what nobody allows',
    ),
  ]
}

/** Policies at pods that know the door’s account: through the local gateway callers come under another. */
function namesOldAccount(
  mesh: Mesh,
  { serviceAccount, namespace }: Workload,
  account: string,
): readonly string[] {
  const old = `/ns/${namespace}/sa/${serviceAccount || 'default'}`
  const naming = mesh.authorizationPolicies.filter((policy) =>
    policy.rules?.some(({ from }) =>
      from?.some(({ source }) => source?.principals?.some(({ value }) => value.endsWith(old))),
    ),
  )
  if (naming.length === 0) return []
  const names = naming.slice(0, 5).map((policy) => `${policy.namespace}/${policy.name}`)
  return [
    `calls inside come as \`${namespace}/${account}\` from now on; ${naming.length} policies name the door’s account (${names.join(', ')}${naming.length > 5 ? ', …' : ''}) and no longer let them through, which is right for Kubeflow’s pages`,
  ]
}
