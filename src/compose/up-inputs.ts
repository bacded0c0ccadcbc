import { Fault, type Problem, renderProblem } from '../base/index.ts'
import { type Mesh, type MeshInput, parseMesh } from '../mesh/index.ts'
import { type MeshListener, meshListeners } from './listeners.ts'
import { profileFiles, resolveProfile } from './profiles.ts'
import { readInputs } from './read-inputs.ts'
import type { UpOptions } from './up-options.ts'

interface Inputs {
  readonly inputs: readonly MeshInput[]
  readonly profile: string
  /** For people: `Kubeflow 26.03`, or the paths. */
  readonly what: string
  readonly note?: string
}

export async function inputsOf(
  options: UpOptions,
  ports: { readonly readStdin: () => Promise<string> },
): Promise<Inputs> {
  const overlays = { tls: options.tls, demo: options.demo }
  if (options.files) {
    const inputs = await readInputs(options.files, ports.readStdin, overlays)
    const [first] = options.files
    const profile = first?.startsWith('profile:')
      ? resolveProfile(first.slice('profile:'.length)).name
      : 'custom'
    return { inputs, profile, what: options.files.join(', ') }
  }
  const { name, note } = resolveProfile(options.profile ?? '26.03')
  return {
    inputs: profileFiles(name, overlays),
    profile: name,
    what: `Kubeflow ${name.replace(/^v/, '')}`,
    ...(note === undefined ? {} : { note }),
  }
}

/** A mesh without errors, its warnings said. What our own profiles say is checked by their tests. */
export function soundMesh(inputs: readonly MeshInput[], warn: (problem: Problem) => void): Mesh {
  const { mesh, problems } = parseMesh(inputs)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  for (const problem of problems) {
    if (!problem.at.file.startsWith('profile:')) warn(problem)
  }
  return mesh
}

export function soundListeners(mesh: Mesh, what: string): readonly MeshListener[] {
  const listeners = meshListeners(mesh)
  if (listeners.length === 0) throw new Fault('ERR_NO_GATEWAY', { where: what })
  return listeners
}
