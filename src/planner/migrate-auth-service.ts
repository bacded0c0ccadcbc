/** kfdoor in the seat of the auth service that is there: its image and command; all else stays. */
import { isPublishedSecret } from '../lint/index.ts'
import type { Mesh, Workload } from '../mesh/index.ts'
import { authService } from '../policy/index.ts'
import { type EditableObject, updateOf } from './changes.ts'
import { type IntentWorld, servicesOf } from './entrance.ts'
import { shellWord } from './expose/paste.ts'
import type { Change, Intended } from './plan.ts'
import { refuse, wrong } from './refuse.ts'
import { commands, hardened, isProgram, type Seat, seatAmong, seatIn, seatOf } from './seat.ts'

export interface SeatAsk {
  /** `NS/NAME`; undefined = found by its image. */
  readonly workload?: string
  readonly image: string
  /** Asked about cookies kfdoor does not know, so that nobody has to sign in again. */
  readonly fallback?: string
  /** Answers for now; kfdoor only logs where it would have answered otherwise. */
  readonly shadow?: string
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function migrateAuthService(
  world: Pick<IntentWorld, 'door' | 'mesh'>,
  seat: Seat,
  ask: SeatAsk,
): Intended {
  const { mesh } = world
  refuseOdd(ask)
  const seated = seatOf(world, seat, ask.workload)
  if (seated === undefined) return alreadySeated(mesh, seat, ask)
  const { workload, raw } = seated
  const intent = `migrate ${seat}`
  refuseItself(intent, mesh, workload, ask)
  const found = seatIn(seat, raw.object)
  const command = [
    ...commands[seat],
    ...flag('--fallback', ask.fallback),
    ...flag('--shadow', ask.shadow),
    ...flagsWithin(intent, seat, found?.command),
  ]
  const container = {
    image: ask.image,
    command,
    ...(seat === 'oauth2-proxy' && { securityContext: hardened(found ?? {}) }),
  }
  const change: Change = updateOf(
    raw,
    (copy) => {
      Object.assign(seatIn(seat, copy) ?? {}, container)
    },
    'neutral',
    `kfdoor in the seat of ${seat}: arguments, environment, volumes, Service and paths stay`,
  )
  const patch = { spec: { template: { spec: { containers: [{ name: found?.name, ...container }] } } } }
  const kubectl = `kubectl -n ${workload.namespace}`
  const named = `${raw.name.kind.toLowerCase()}/${workload.name}`
  return {
    changes: [change],
    risks: [
      ...aboutSecrets(mesh, workload),
      ...(ask.shadow || ask.fallback
        ? []
        : [
            'sessions of the old service are not readable: people sign in once more, unless `--fallback URL` asks an old one that still runs',
          ]),
      ...(seat === 'authservice' && !keepsSessions(found)
        ? [
            `nothing is mounted at ${SESSIONS}: sessions end with the pod, and kfdoor does not start where it may not write there`,
          ]
        : []),
      `while the pods change, ${workload.kind === 'StatefulSet' ? 'nobody can sign in for a moment: it has one replica' : 'old and new answer side by side'}`,
    ],
    callers: [
      {
        title: 'What becomes of its settings, before anything is applied',
        text: `kfdoor serve authz config view --compat ${seat}${seat === 'oauth2-proxy' ? ' --config oauth2_proxy.cfg' : ''}   # with its environment set`,
      },
      {
        title: 'In a cluster, the same as a patch',
        text: `${kubectl} patch ${raw.name.kind.toLowerCase()} ${workload.name} -p ${shellWord(JSON.stringify(patch))}`,
      },
      {
        title: 'Afterwards',
        text: `${kubectl} rollout status ${named}\n${kubectl} logs ${named} | head   # what has no effect is said once`,
      },
    ],
  }
}

const flag = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value])

/** @throws Fault ERR_USAGE */
function refuseOdd({ image, fallback, shadow }: SeatAsk): void {
  if (!/^\w[\w./:@-]*$/.test(image)) wrong(`\`--image ${image}\` is no image`, 'write `REGISTRY/kfdoor:TAG`')
  for (const [name, url] of Object.entries({ fallback, shadow })) {
    if (url !== undefined && !/^https?:\/\/[^\s/@?#]+(\/[^\s@]*)?$/.test(url))
      wrong(`\`--${name}\` is no address of a service`, 'write `http://HOST:PORT`, without credentials')
  }
  if (fallback !== undefined && shadow !== undefined)
    wrong(
      '`--fallback` and `--shadow` are two ways',
      'look with `--shadow` first, then go over with `--fallback`',
    )
}

/** An old service that still runs has pods and a Service of its own. @throws Fault ERR_INTENT_REFUSED */
function refuseItself(intent: string, mesh: Mesh, workload: Workload, { fallback, shadow }: SeatAsk): void {
  for (const url of [fallback, shadow]) {
    const host = /^https?:\/\/([^/:]+)/.exec(url ?? '')?.[1] ?? ''
    const [name, namespace = workload.namespace, ...rest] = host.split('.')
    const its = servicesOf(mesh, workload).some((one) => one.name === name && one.namespace === namespace)
    if (its && (rest.length === 0 || rest[0] === 'svc'))
      refuse(
        intent,
        [`\`${url}\` leads to the pods that kfdoor is about to be: it would ask itself`],
        'run the old one under another name first, with a Service of its own (docs/migrate-auth-service.md)',
      )
  }
}

/** A fingerprint, as a cluster’s reading puts it in place of what may be secret. */
const hidden = /(^|=)[0-9a-f]{16}$/

/** Flags that stand in `command` behind the program; a shell's are not taken apart. @throws Fault ERR_INTENT_REFUSED */
function flagsWithin(intent: string, seat: Seat, command: unknown): readonly string[] {
  const [program, ...flags] = Array.isArray(command) ? command.map(String) : []
  if (program !== undefined && !isProgram(seat, program))
    refuse(
      intent,
      [`its command is \`${program}\`, and not ${seat} itself: what that starts it with would be lost`],
      'move the flags into `args`, and let the image say the program',
    )
  if (flags.some((each) => hidden.test(each)))
    refuse(
      intent,
      ['a flag in its `command` may be secret, so it is not read from the cluster'],
      'move it into a Secret, or the flags into `args`',
    )
  return flags
}

const SESSIONS = '/var/lib/authservice'

/** Where mounts are not said, nothing is known of them. */
const keepsSessions = (container: EditableObject | undefined): boolean =>
  container?.volumeMounts === undefined ||
  (container.volumeMounts as readonly EditableObject[]).some(
    ({ mountPath }) => String(mountPath).replace(/\/$/, '') === SESSIONS,
  )

function alreadySeated(mesh: Mesh, seat: Seat, { workload: wanted }: SeatAsk): Intended {
  const service = authService(mesh)
  if (service?.kind === seat && seatAmong(seat, service.workload.containers) === undefined) {
    const { namespace, name } = service.workload
    return { changes: [], callers: [], risks: [`${namespace}/${name} runs kfdoor already`] }
  }
  return refuse(
    `migrate ${seat}`,
    [
      wanted === undefined
        ? `no workload of this door runs ${seat}`
        : `${wanted} is no workload that runs ${seat}`,
    ],
    'name it with `--workload NS/NAME`',
  )
}

/** Of the Secrets it reads, those whose values stand in Kubeflow's manifests; a cluster's Secrets are not read. */
function aboutSecrets(mesh: Mesh, { namespace, containers }: Workload): readonly string[] {
  const names = new Set(
    containers.flatMap(({ envRefs, envFrom }) =>
      [...Object.values(envRefs), ...envFrom].flatMap(({ kind, name }) => (kind === 'secret' ? [name] : [])),
    ),
  )
  return [...names].flatMap((name) => {
    const secret = mesh.secrets.find((one) => one.namespace === namespace && one.name === name)
    if (secret === undefined)
      return [
        `Secret \`${namespace}/${name}\` is not read here: kfdoor does not start where it holds a value that Kubeflow publishes. Make a new one then, in Dex’s client too, before this is applied`,
      ]
    if (!Object.values(secret.data).some((value) => isPublishedSecret(value))) return []
    return [
      `a value in Secret \`${namespace}/${name}\` is the one Kubeflow publishes: kfdoor does not start with it. Make a new one, in Dex’s client too, before this is applied`,
    ]
  })
}
