import { Fault } from '../base/index.ts'
import { packageVersion } from '../cli/commands/version.ts'
import type { Io } from '../cli/io.ts'
import { openBrowser } from '../cli/open-browser.ts'
import { type DoorOptions, doorPaths } from '../cli/read-door.ts'
import { askedToStop } from '../compose/asked-to-stop.ts'
import { findPlan } from '../compose/change/plan-store.ts'
import { readCertificates } from '../compose/read-certificates.ts'
import { readInputs } from '../compose/read-inputs.ts'
import { readRevision, revisionOf } from '../compose/read-revision.ts'
import { parseMesh } from '../mesh/index.ts'
import { applyHere } from './apply-here.ts'
import type { CertificateTable } from './engine/look.ts'
import { localDoors } from './local-doors.ts'
import type { Source } from './options.ts'
import { type RunningConsole, startConsole } from './server.ts'

export interface RunConsoleOptions extends DoorOptions {
  readonly against?: string
  readonly plan?: readonly string[]
  readonly allowApply?: boolean
  readonly port: number
  readonly open: boolean
  readonly output: string
}

/** `kfdoor console` from start to Ctrl-C. @throws Fault */
export async function runConsole(io: Io, options: RunConsoleOptions): Promise<void> {
  const running = await openConsole(io, options)
  const stopped = askedToStop(() => running.close())
  if (options.output === 'json') {
    io.out(JSON.stringify({ ready: true, url: running.url, port: running.port, pid: process.pid }))
  } else {
    io.out(running.url)
    io.err('kfdoor: the address works once, in one browser; Ctrl-C ends the console')
  }
  if (options.open && io.tty.out) openBrowser(running.url, io.env)
  await stopped
}

/** Reads what the options name and serves the page over it. @throws Fault */
export async function openConsole(io: Io, options: RunConsoleOptions): Promise<RunningConsole> {
  const paths = doorPaths(options, io.env)
  if (paths.length === 0) {
    throw new Fault('ERR_USAGE', {
      message: 'console needs a door: `-f PATH`, or a cluster: `--context NAME`',
      next: 'for example `kfdoor console -f profile:26.03`',
    })
  }
  const { against, istioVersion, kubeconfig } = options
  const read = async (from: readonly string[]): Promise<Source['inputs']> => {
    const [only = ''] = from
    const revision = from.length === 1 ? revisionOf(only) : undefined
    if (revision !== undefined) return readRevision(revision)
    const place = { env: io.env, ...(kubeconfig !== undefined && { kubeconfig }) }
    return readInputs(from, () => io.readStdin(), undefined, place)
  }
  const inputs = await read(paths)
  const before = against === undefined ? undefined : await read([against])
  const plans = (options.plan ?? []).map((what) => findPlan(io.env, what))
  return startConsole({
    port: options.port,
    source: { name: paths.join(' '), inputs, words: doorWords(options) },
    ...(before && against !== undefined && { before: { name: against, inputs: before, words: [against] } }),
    ...(istioVersion !== undefined && { istioVersion }),
    certificates: await certificatesOf(inputs),
    plans,
    ...(options.allowApply === true && { apply: applyHere(io, options) }),
    walk: async (url, take) => {
      const { walkDoor } = await import('../compose/doctor/walk-door.ts')
      return walkDoor(io.env, url, { onHop: take })
    },
    doors: async () => localDoors(io.env),
    version: packageVersion(),
    say: (line) => io.err(line),
  })
}

/** The options that name the same door again. */
function doorWords({ filename = [], snapshot, context, kubeconfig }: DoorOptions): readonly string[] {
  return [
    ...filename.flatMap((path) => ['-f', path]),
    ...(snapshot === undefined ? [] : ['--snapshot', snapshot]),
    ...(context === undefined ? [] : ['--context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ]
}

/** What lint wants to know of certificates, for a page that cannot read them. */
async function certificatesOf(inputs: Source['inputs']): Promise<CertificateTable> {
  const { mesh } = parseMesh(inputs)
  const look = await readCertificates(mesh)
  return Object.fromEntries(
    mesh.secrets.map(({ namespace, name }) => [`${namespace}/${name}`, look(namespace, name)]),
  )
}
