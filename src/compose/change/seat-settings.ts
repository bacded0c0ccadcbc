/** What kfdoor would say of the settings it finds in a seat, as far as the door shows them. */
import { basename } from 'node:path'
import { type Problem, renderProblem } from '../../base/index.ts'
import { containerEnvironment, type Mesh, type Workload } from '../../mesh/index.ts'
import { type EditableObject, type RawObject, type Seat, seatAmong } from '../../planner/index.ts'
import { readAuthServiceSeat, readOAuth2ProxySeat } from '../../sign-in/index.ts'
import { mayBePlain } from '../serve-authz/key-sources.ts'

/** Of these it is certain that kfdoor does not start with them: what a Secret may hold decides nothing. */
const certain = new Set(['refused-setting', 'unknown-setting'])

export interface SeatSettings {
  /** Why kfdoor would not start in this seat, with file and line; empty = nothing is known against it. */
  readonly refused: readonly string[]
  /** What has no effect there. */
  readonly idle: readonly string[]
}

/** An address of the old service, as `--fallback` and `--shadow` give it. */
type Old = Readonly<Record<string, string | undefined>>

export function seatSettings(
  mesh: Mesh,
  seat: Seat,
  { workload, raw }: { readonly workload: Workload; readonly raw: RawObject },
  old: Old = {},
): SeatSettings {
  const container = seatAmong(seat, workload.containers)
  if (container === undefined) return { refused: [], idle: [] }
  const env = containerEnvironment(mesh, workload, container)
  const { problems } =
    seat === 'authservice' ? readAuthServiceSeat(env) : ofOAuth2Proxy(mesh, workload, container, raw, env)
  const words = (severity: Problem['severity'], codes: ReadonlySet<string>) =>
    problems.filter((each) => each.severity === severity && codes.has(each.code)).map(renderProblem)
  return {
    refused: [...words('error', certain), ...Object.entries(old).flatMap(overPlainHttp)],
    idle: words('warning', new Set(['harmless-setting'])),
  }
}

/** It is sent cookies and tokens: over plain http only where they stay inside the mesh. */
function overPlainHttp([name, text]: readonly [string, string | undefined]): readonly string[] {
  const url = text === undefined ? null : URL.parse(text)
  if (url === null || url.protocol !== 'http:' || mayBePlain(url)) return []
  return [`\`--${name} ${text}\` would be sent cookies and tokens over plain http, outside the mesh`]
}

function ofOAuth2Proxy(
  mesh: Mesh,
  { namespace }: Workload,
  { command, args }: Workload['containers'][number],
  raw: RawObject,
  env: Readonly<Record<string, string>>,
) {
  const spec = (raw.object.spec as EditableObject | undefined)?.template?.spec
  const volumes = spec?.volumes as readonly EditableObject[] | undefined
  // Where volumes are not said, any ConfigMap beside it that has such a file.
  const isMounted = (name: string) =>
    volumes === undefined || volumes.some(({ configMap }) => configMap?.name === name)
  const words = [...command.slice(1), ...args]
  const at = words.findIndex((word) => /^--?config(=|$)/.test(word))
  const inline = words[at]?.split(/=(.*)/s)[1]
  const path = at === -1 ? env.OAUTH2_PROXY_CONFIG : (inline ?? words[at + 1])
  const rest = at === -1 ? words : words.toSpliced(at, inline === undefined ? 2 : 1)
  const text = mesh.configMaps.find(
    (one) =>
      one.namespace === namespace && isMounted(one.name) && one.data[basename(path ?? '')] !== undefined,
  )?.data[basename(path ?? '')]
  return readOAuth2ProxySeat({
    ...(path !== undefined && text !== undefined && { config: path }),
    args: rest,
    env,
    // Other files are the pod’s: that they are not here says nothing.
    readFile: (name) => Buffer.from(name === path ? (text ?? '') : ''),
  })
}
