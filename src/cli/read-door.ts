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
}

/** For an option that is given once for each value: `-f a -f b`. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** @throws Fault ERR_USAGE where no door is named, and for whatever its YAML has wrong, with its place */
export async function readDoor(
  io: Pick<Io, 'readStdin'>,
  command: string,
  options: DoorOptions,
): Promise<{ readonly mesh: Mesh; readonly door: Door }> {
  const files = [...(options.filename ?? []), ...(options.snapshot === undefined ? [] : [options.snapshot])]
  if (files.length === 0) {
    throw new Fault('ERR_USAGE', {
      message: `${command} needs a door: \`-f PATH\``,
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
  const { mesh, problems } = parseMesh(await readInputs(files, () => io.readStdin()))
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  const door = compileDoor(mesh, {
    fetched: assumedKeys,
    ...(version !== undefined && { istioVersion: version.replace(/^v/, '') }),
  })
  return { mesh, door }
}
