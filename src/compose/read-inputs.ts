import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../base/index.ts'
import type { MeshInput } from '../mesh/index.ts'
import { type Overlays, profileFiles, resolveProfile } from './profiles.ts'

const meshFile = /\.(ya?ml|json)$/

/** What has to be rendered before it means anything, and by which command. */
const rendered: readonly (readonly [file: string, command: (folder: string) => string])[] = [
  ['kustomization.yaml', (folder) => `kubectl kustomize ${folder}`],
  ['kustomization.yml', (folder) => `kubectl kustomize ${folder}`],
  ['Kustomization', (folder) => `kubectl kustomize ${folder}`],
  ['Chart.yaml', (folder) => `helm template ${folder}`],
]

/** Where clusters are looked up. */
export interface ClusterPlace {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly kubeconfig?: string
  /** `--kube-as`: whom the API server is asked as. */
  readonly as?: string
}

/**
 * The texts behind `-f`: files, folders (every `.yaml`, `.yml` and `.json` below them, by name),
 * `-` for stdin, `profile:NAME`, and `cluster:` or `cluster:CONTEXT` for a cluster as it is now.
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_FOLDER_NEEDS_RENDERING, ERR_USAGE, and those of reading a cluster
 */
export async function readInputs(
  paths: readonly string[],
  readStdin: () => Promise<string>,
  overlays: Overlays = { tls: true, demo: true },
  cluster: ClusterPlace = { env: process.env },
): Promise<readonly MeshInput[]> {
  const inputs: MeshInput[] = []
  for (const path of paths) {
    if (path === '-') inputs.push({ file: '<stdin>', text: await readStdin() })
    else if (path.startsWith('cluster:')) {
      const { clusterInput } = await import('./read-cluster.ts')
      inputs.push(await clusterInput(path, cluster.env, cluster.kubeconfig))
    } else if (path.startsWith('profile:')) {
      inputs.push(...profileFiles(resolveProfile(path.slice('profile:'.length)).name, overlays))
    } else inputs.push(...readPath(path))
  }
  return inputs
}

function readPath(path: string): MeshInput[] {
  try {
    if (!statSync(path).isDirectory()) return [{ file: path, text: readFileSync(path, 'utf8') }]
    const names = readdirSync(path).sort()
    for (const [file, command] of rendered) {
      if (names.includes(file)) {
        throw new Fault('ERR_FOLDER_NEEDS_RENDERING', { folder: path, command: command(path) })
      }
    }
    const below = names.filter((name) => !name.startsWith('.')).map((name) => join(path, name))
    const found = below.flatMap((entry) =>
      statSync(entry).isDirectory() || meshFile.test(entry) ? readPath(entry) : [],
    )
    return found
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: reasonOf(error) }, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file or folder'
    case 'EACCES':
      return 'permission denied'
    case 'ELOOP':
      return 'its links lead in a circle'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}
