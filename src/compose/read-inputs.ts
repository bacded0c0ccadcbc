import { isUtf8 } from 'node:buffer'
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
  // A path with a slip in it, a pipe whose other end failed: an answer about no door would be taken for one about it.
  if (inputs.every(({ text }) => isBlank(text))) {
    const path = paths.map((each) => (each === '-' ? '<stdin>' : each)).join(' ')
    const reason =
      inputs.length === 0 ? 'there is no .yaml, .yml or .json file in it' : 'there is no object in it'
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason })
  }
  return inputs
}

/** Nothing but blanks, comments and marks between documents. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\ufeff?\s*(#[\s\S]*|---\s*|\.\.\.\s*)?$/.test(line))
}

/** The API server takes UTF-8 only; read as if it were, other letters would become other names. */
function textOf(path: string): string {
  const bytes = readFileSync(path)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  const from = [...bytes.toString('utf8').split('\n')].findIndex((line) => line.includes('\ufffd'))
  throw new Fault('ERR_INPUT_UNREADABLE', { path: `${path}:${from + 1}`, reason: 'the text is not UTF-8' })
}

function readPath(path: string): MeshInput[] {
  try {
    if (!statSync(path).isDirectory()) return [{ file: path, text: textOf(path) }]
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
