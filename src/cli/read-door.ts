import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, renderProblem } from '../base/index.ts'
import { readInputs } from '../compose/read-inputs.ts'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import { assumedKeys, compileDoor, type Door } from '../policy/index.ts'
import type { Io } from './io.ts'

/** How commands that look into a door are told which one. */
export interface DoorOptions {
  readonly filename?: readonly string[]
  /** A cluster's door as one file: read like any other. */
  readonly snapshot?: string
  readonly istioVersion?: string
  /** `default` = a kfdoor gateway answers. */
  readonly hardening?: string
  /** A cluster instead of files: these are kubeconfig's own. */
  readonly context?: string
  readonly kubeconfig?: string
}

/**
 * What the options name: files, a snapshot, or a cluster; without any of them the cluster of the current
 * context, where there is a kubeconfig. Empty = nothing is named.
 */
export function doorPaths(options: DoorOptions, env: Io['env']): readonly string[] {
  const { filename, snapshot, context, kubeconfig } = options
  const files = [...(filename ?? []), ...(snapshot === undefined ? [] : [snapshot])]
  if (files.length > 0) return files
  if (context !== undefined || kubeconfig !== undefined || hasKubeconfig(env))
    return [`cluster:${context ?? ''}`]
  return []
}

/** The options again, as they are typed. */
export function yamlWords({ filename = [], snapshot, context, kubeconfig }: DoorOptions): string {
  const named: readonly (readonly [string, string | undefined])[] = [
    ...filename.map((path) => ['-f', path] as const),
    ['--snapshot', snapshot],
    ['--context', context],
    ['--kubeconfig', kubeconfig],
  ]
  return named.flatMap(([flag, value]) => (value === undefined ? [] : [flag, asWord(value)])).join(' ')
}

const asWord = (text: string) => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

export function hasKubeconfig(env: Io['env']): boolean {
  return Boolean(env.KUBECONFIG) || (env.HOME !== undefined && existsSync(join(env.HOME, '.kube', 'config')))
}

const mostWarnings = 5

/** @throws Fault ERR_USAGE where no door is named, and for whatever its YAML has wrong, with its place */
export async function readDoor(
  io: Pick<Io, 'readStdin' | 'env' | 'err'>,
  command: string,
  options: DoorOptions,
): Promise<{ readonly mesh: Mesh; readonly door: Door }> {
  const files = doorPaths(options, io.env)
  if (files.length === 0) {
    throw new Fault('ERR_USAGE', {
      message: `${command} needs a door: \`-f PATH\`, or a cluster: \`--context NAME\``,
      next: `for example \`kfdoor ${command} … -f profile:26.03\``,
    })
  }
  const version = options.istioVersion
  if (version !== undefined && !/^v?\d+\.\d+(\.\d+)?/.test(version)) {
    throw new Fault('ERR_USAGE', {
      message: `\`${version}\` is no Istio version`,
      next: 'write it as `1.28.0`',
    })
  }
  const { mesh, problems } = parseMesh(
    await readInputs(files, () => io.readStdin(), undefined, {
      env: io.env,
      ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    }),
  )
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  // A field that is passed over may be the one somebody relies on.
  for (const warning of problems.slice(0, mostWarnings)) io.err(renderProblem(warning))
  const more = problems.length - mostWarnings
  if (more > 0) io.err(`and ${more} more: \`kfdoor lint\` shows all`)
  const door = compileDoor(mesh, {
    fetched: assumedKeys,
    ...(version !== undefined && { istioVersion: version.replace(/^v/, '') }),
  })
  return { mesh, door }
}
