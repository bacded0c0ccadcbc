/** kfdoor in the seat of the auth service that is there: its image and command; all else stays. */
import { Fault } from '../base/index.ts'
import { isPublishedSecret } from '../lint/index.ts'
import type { Mesh, Workload } from '../mesh/index.ts'
import { type EditableObject, updateOf } from './changes.ts'
import type { IntentWorld } from './entrance.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { findRaw } from './raw-door.ts'
import { isSame } from './same.ts'

export type Seat = 'oauth2-proxy' | 'authservice'

export interface SeatAsk {
  /** `NS/NAME`; undefined = found by its image. */
  readonly workload?: string
  readonly image: string
  /** Asked about cookies kfdoor does not know, so that nobody has to sign in again. */
  readonly fallback?: string
  /** Answers for now; kfdoor only logs where it would have answered otherwise. */
  readonly shadow?: string
}

const images: Readonly<Record<Seat, RegExp>> = {
  'oauth2-proxy': /(^|\/)oauth2-proxy(:|@|$)/,
  authservice: /(^|\/)oidc-authservice(:|@|$)/,
}

/** Whether it is a workload that runs what is to be replaced. */
export function sitsIn(seat: Seat, { spec }: KubeObject): boolean {
  return containersOf(spec).some(({ image }) => images[seat].test(String(image)))
}

const containersOf = (spec: unknown): readonly EditableObject[] =>
  (spec as EditableObject | undefined)?.template?.spec?.containers ?? []

/** A workload a cluster shows only part of, because something in it may be secret; the API server always sets this. */
export const isInPart = ({ spec }: KubeObject): boolean =>
  (spec as EditableObject | undefined)?.template?.spec?.restartPolicy === undefined

/**
 * Whether an update of a workload is what this command does, or takes it back: image, command and rights of one
 * container, from the old program to kfdoor.
 */
export function isSeatChange(before: KubeObject, after: KubeObject): boolean {
  return (['oauth2-proxy', 'authservice'] as const).some(
    (seat) => seats(seat, before, after) || seats(seat, after, before),
  )
}

function seats(seat: Seat, from: KubeObject, to: KubeObject): boolean {
  const [old, now] = [containersOf(from.spec), containersOf(to.spec)]
  const at = old.findIndex(({ image }) => images[seat].test(String(image)))
  const [was, is] = [old[at], now[at]]
  if (was === undefined || is === undefined) return false
  const command = (is.command ?? []) as readonly unknown[]
  if (!/(^|\/)kfdoor(:|@|$)/.test(String(is.image))) return false
  if (!commands[seat].every((word, index) => command[index] === word)) return false
  if (!isSame(is.securityContext, seat === 'oauth2-proxy' ? hardened(was) : was.securityContext)) return false
  const { image, command: _, securityContext, ...others } = was
  const { image: __, command: ___, securityContext: ____, ...kept } = is
  if (!isSame(others, kept)) return false
  // All else is as it was.
  const moved = JSON.parse(JSON.stringify(to)) as EditableObject
  moved.spec.template.spec.containers[at] = was
  return isSame(moved, from)
}

const hardened = ({ securityContext }: EditableObject) => ({
  ...securityContext,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65532,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
})

const program = [
  '/usr/local/bin/node',
  // As the image starts it.
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '/app/bin/kfdoor.mjs',
  'serve',
  'authz',
  '--compat',
] as const

/** The command of a seat, as `deploy/seats` has it. */
const commands: Readonly<Record<Seat, readonly string[]>> = {
  'oauth2-proxy': [...program, 'oauth2-proxy'],
  authservice: [...program, 'authservice', '--sessions', 'sqlite:/var/lib/authservice/kfdoor.db'],
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function migrateAuthService(
  { door, mesh }: Pick<IntentWorld, 'door' | 'mesh'>,
  seat: Seat,
  ask: SeatAsk,
): Intended {
  const intent = `migrate ${seat}`
  const refuse = (reason: string, next?: string): never => {
    throw new Fault('ERR_INTENT_REFUSED', { intent, reasons: [reason], ...(next !== undefined && { next }) })
  }
  const command = [...commands[seat], ...flag('--fallback', ask.fallback), ...flag('--shadow', ask.shadow)]
  const workload = find(mesh, seat, ask.workload)
  if (workload === undefined) {
    const seated = mesh.workloads.find(({ containers }) =>
      containers.some(({ image }) => /(^|\/)kfdoor(:|@|$)/.test(image)),
    )
    if (seated)
      return { changes: [], callers: [], risks: [`${seated.namespace}/${seated.name} runs kfdoor already`] }
    return refuse(
      ask.workload === undefined
        ? `no workload of this door runs ${seat}`
        : `${ask.workload} is no workload that runs ${seat}`,
      'name it with `--workload NS/NAME`',
    )
  }
  const raw = ['Deployment', 'StatefulSet'].flatMap(
    (kind) => findRaw(door, { kind, namespace: workload.namespace, name: workload.name }) ?? [],
  )[0]
  if (raw === undefined)
    return refuse(`${workload.namespace}/${workload.name} is neither a Deployment nor a StatefulSet`)
  const change: Change = updateOf(
    raw,
    (copy) => {
      const container = (copy.spec.template.spec.containers as EditableObject[]).find(({ image }) =>
        images[seat].test(String(image)),
      )
      if (container === undefined) return
      container.image = ask.image
      container.command = command
      if (seat === 'oauth2-proxy') {
        container.securityContext = hardened(container)
      }
    },
    'neutral',
    `kfdoor in the seat of ${seat}: arguments, environment, volumes, Service and paths stay`,
  )
  const published = publishedIn(mesh, workload)
  return {
    changes: [change],
    risks: [
      ...(published.length > 0
        ? [
            `${published.join(' and ')} is the one Kubeflow publishes: kfdoor does not start with it. Make a new one, in Dex’s client too, before this is applied`,
          ]
        : []),
      ...(ask.shadow || ask.fallback
        ? []
        : [
            'sessions of the old service are not readable: people sign in once more, unless `--fallback URL` asks an old one that still runs',
          ]),
      `while the pods change, ${workload.kind === 'StatefulSet' ? 'nobody can sign in for a moment: it has one replica' : 'old and new answer side by side'}`,
    ],
    callers: [
      {
        title: 'What becomes of its settings, before anything is applied',
        text:
          seat === 'oauth2-proxy'
            ? 'kfdoor serve authz config view --compat oauth2-proxy --config oauth2_proxy.cfg'
            : 'kfdoor serve authz config view --compat authservice   # with its environment set',
      },
      {
        title: 'In a cluster, the same as a patch',
        text: `kubectl -n ${workload.namespace} patch ${raw.name.kind.toLowerCase()} ${workload.name} --patch-file deploy/seats/${seat === 'oauth2-proxy' ? seat : workload.name === 'authservice' ? 'authservice-v1.6' : 'authservice-v1.8'}.yaml`,
      },
      {
        title: 'Afterwards',
        text: `kubectl -n ${workload.namespace} rollout status ${raw.name.kind.toLowerCase()} ${workload.name}\nkubectl -n ${workload.namespace} logs ${raw.name.kind.toLowerCase()}/${workload.name} | head   # what has no effect is said once`,
      },
    ],
  }
}

const flag = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value])

function find(mesh: Mesh, seat: Seat, wanted: string | undefined): Workload | undefined {
  const there = mesh.workloads.filter(({ containers }) =>
    containers.some(({ image }) => images[seat].test(image)),
  )
  return wanted === undefined
    ? there[0]
    : there.find(({ namespace, name }) => `${namespace}/${name}` === wanted)
}

/** Secrets the workload reads whose values stand in Kubeflow's manifests; a cluster's Secrets are not read. */
function publishedIn(mesh: Mesh, { namespace, containers }: Workload): readonly string[] {
  const names = new Set(
    containers.flatMap(({ envRefs, envFrom }) =>
      [...Object.values(envRefs), ...envFrom].flatMap(({ kind, name }) => (kind === 'secret' ? [name] : [])),
    ),
  )
  return mesh.secrets
    .filter(
      (secret) =>
        secret.namespace === namespace &&
        names.has(secret.name) &&
        Object.values(secret.data).some((value) => isPublishedSecret(value)),
    )
    .map(({ name }) => `a value in Secret \`${namespace}/${name}\``)
}
