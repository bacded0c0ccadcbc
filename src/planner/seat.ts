/** The seat of an auth service: which workload sits in it, and what becomes of it when kfdoor does. */
import type { Mesh, Workload } from '../mesh/index.ts'
import type { EditableObject } from './changes.ts'
import { type IntentWorld, servicesOf } from './entrance.ts'
import type { KubeObject } from './plan.ts'
import { findRaw, type RawObject } from './raw-door.ts'
import { refuse, wrong } from './refuse.ts'
import { isSame } from './same.ts'

export type Seat = 'oauth2-proxy' | 'authservice'

const images: Readonly<Record<Seat, RegExp>> = {
  'oauth2-proxy': /(^|\/)oauth2-proxy(:|@|$)/,
  authservice: /(^|\/)oidc-authservice(:|@|$)/,
}

/** Whether an image, or a command, is the program that is to be replaced. */
export const isProgram = (seat: Seat, text: unknown): boolean => images[seat].test(String(text))

/** The container that runs it; undefined = none does. */
export const seatAmong = <C extends { readonly image?: unknown }>(seat: Seat, containers: readonly C[]) =>
  containers.find(({ image }) => isProgram(seat, image))

/** The same, of a workload as it is written. */
export const seatIn = (seat: Seat, { spec }: KubeObject): EditableObject | undefined =>
  seatAmong(seat, containersOf(spec))

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
  const at = old.findIndex(({ image }) => isProgram(seat, image))
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

export const hardened = ({ securityContext }: EditableObject) => ({
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
export const commands: Readonly<Record<Seat, readonly string[]>> = {
  'oauth2-proxy': [...program, 'oauth2-proxy'],
  authservice: [...program, 'authservice', '--sessions', 'sqlite:/var/lib/authservice/kfdoor.db'],
}

interface Seated {
  readonly workload: Workload
  readonly raw: RawObject
}

/** What is to be replaced; undefined = nothing runs it. @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function seatOf(
  { door, mesh }: Pick<IntentWorld, 'door' | 'mesh'>,
  seat: Seat,
  wanted: string | undefined,
): Seated | undefined {
  const nameOf = ({ namespace, name }: Workload) => `${namespace}/${name}`
  const there = mesh.workloads.filter(({ containers }) => seatAmong(seat, containers) !== undefined)
  const asked = there.length > 1 ? there.filter((one) => isAsked(mesh, one)) : there
  const fitting = wanted === undefined ? asked : there.filter((one) => nameOf(one) === wanted)
  if (there.length > 1 && fitting.length !== 1 && wanted === undefined)
    wrong(
      `several workloads run ${seat}: ${there.map(nameOf).join(', ')}`,
      'name the door’s with `--workload NS/NAME`',
    )
  const [workload] = fitting
  if (workload === undefined) return undefined
  const { namespace, name } = workload
  const raw = ['Deployment', 'StatefulSet'].flatMap(
    (kind) => findRaw(door, { kind, namespace, name }) ?? [],
  )[0]
  return raw === undefined
    ? refuse(`migrate ${seat}`, [`${nameOf(workload)} is neither a Deployment nor a StatefulSet`])
    : { workload, raw }
}

/** Whether a provider of the mesh, or an EnvoyFilter, asks at a Service of these pods. */
function isAsked(mesh: Mesh, workload: Workload): boolean {
  const text = JSON.stringify([mesh.meshConfig.extensionProviders, mesh.envoyFilters])
  return servicesOf(mesh, workload).some(({ name, namespace }) => text.includes(`${name}.${namespace}.svc`))
}
