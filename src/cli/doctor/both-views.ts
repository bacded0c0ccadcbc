import { readCertificates } from '../../compose/read-certificates.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { type Finding, lint } from '../../lint/index.ts'
import { parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor, type Door } from '../../policy/index.ts'
import type { Io } from '../io.ts'
import { type DoorOptions, doorPaths } from '../read-door.ts'

/** The YAML beside a walk: its engine, and what lint finds. A cluster only where one is named. */
export async function readBothViews(
  io: Pick<Io, 'readStdin' | 'env'>,
  options: DoorOptions,
): Promise<{ readonly engine?: Door; readonly lint: readonly Finding[] }> {
  const { filename, snapshot, context, kubeconfig } = options
  const named = [filename, snapshot, context, kubeconfig].some((each) => each !== undefined)
  if (!named) return { lint: [] }
  const place = { env: io.env, ...(kubeconfig !== undefined && { kubeconfig }) }
  const inputs = await readInputs(doorPaths(options, {}), () => io.readStdin(), undefined, place)
  const { mesh, problems } = parseMesh(inputs)
  const certificate = await readCertificates(mesh)
  const { findings } = lint({ mesh, problems, inputs, now: Date.now() / 1000, certificate })
  // What Istio would refuse decides nothing; the findings say it.
  const engine = problems.some(({ severity }) => severity === 'error')
    ? undefined
    : compileDoor(mesh, { fetched: assumedKeys })
  return { ...(engine && { engine }), lint: findings.filter(({ severity }) => severity !== 'info') }
}
