/** The door a change is planned for, as texts that can be edited or compared. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { isFault } from '../../base/index.ts'
import type { KubeObject } from '../../kube/index.ts'
import type { MeshInput } from '../../mesh/index.ts'
import { keyOf, objectText, type PlanSource, readRawDoor } from '../../planner/index.ts'
import { readCluster } from '../read-cluster.ts'
import { type ClusterPlace, readInputs } from '../read-inputs.ts'

export interface DoorTexts {
  readonly inputs: readonly MeshInput[]
  readonly source: PlanSource
  /** What could not be read, with the API server's own words. */
  readonly incomplete: readonly string[]
}

export interface TextsPlace extends ClusterPlace {
  /** Workloads of a cluster that are to be edited: read whole, unless something in them may be secret. */
  readonly whole?: (object: KubeObject) => boolean
}

/**
 * What `-f`, `--snapshot`, `profile:` and a cluster hold. A folder with a kustomization is read where it
 * only names resources of its own: then rendering it changes nothing.
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_FOLDER_NEEDS_RENDERING, and those of reading a cluster
 */
export async function readTexts(
  paths: readonly string[],
  readStdin: () => Promise<string>,
  place: TextsPlace,
): Promise<DoorTexts> {
  const [first = ''] = paths
  if (paths.length === 1 && first.startsWith('cluster:')) return clusterTexts(first, place)
  const inputs = (await Promise.all(paths.map((path) => readPath(path, readStdin, place)))).flat()
  if (paths.some((path) => path === '-' || path.startsWith('cluster:'))) {
    return { inputs: split(inputs), source: { kind: 'snapshot', name: paths.join(', ') }, incomplete: [] }
  }
  const profile = paths.find((path) => path.startsWith('profile:'))
  if (profile !== undefined) {
    const name = profile.slice('profile:'.length)
    return { inputs, source: { kind: 'profile', name }, incomplete: [] }
  }
  if (inputs.length === 1 && inputs[0]?.text.slice(0, 400).includes('kfdoor.dev/snapshot')) {
    return { inputs: split(inputs), source: { kind: 'snapshot', name: first }, incomplete: [] }
  }
  return { inputs, source: { kind: 'files', paths }, incomplete: [] }
}

async function readPath(path: string, readStdin: () => Promise<string>, place: ClusterPlace) {
  try {
    return await readInputs([path], readStdin, undefined, place)
  } catch (error) {
    const plain =
      isFault(error) && error.code === 'ERR_FOLDER_NEEDS_RENDERING' ? plainResources(path) : undefined
    if (plain === undefined) throw error
    return plain.map((file) => ({ file, text: readFileSync(file, 'utf8') }))
  }
}

/** `kustomization.yaml` of a folder, where there is one that may be edited. */
export function kustomizationOf(folder: string): string | undefined {
  for (const name of ['kustomization.yaml', 'kustomization.yml', 'Kustomization']) {
    const file = join(folder, name)
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file
  }
  return undefined
}

/** Files a kustomization names, if that is all it does; undefined = it has to be rendered. */
function plainResources(folder: string): readonly string[] | undefined {
  const file = kustomizationOf(folder)
  if (file === undefined) return undefined
  let content: unknown
  try {
    content = parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
  const { apiVersion: _, kind: __, resources, ...others } = (content ?? {}) as Record<string, unknown>
  if (Object.keys(others).length > 0 || !Array.isArray(resources)) return undefined
  const found: string[] = []
  for (const name of resources as readonly unknown[]) {
    if (typeof name !== 'string' || name.includes('://')) return undefined
    const path = join(dirname(file), name)
    const stat = statSync(path, { throwIfNoEntry: false })
    const below = stat?.isFile() ? [path] : stat?.isDirectory() ? plainResources(path) : undefined
    if (below === undefined) return undefined
    found.push(...below)
  }
  return found
}

/** Every object its own text: what is written nowhere need not be edited in place. */
function split(inputs: readonly MeshInput[]): readonly MeshInput[] {
  return readRawDoor(inputs).objects.map(({ name, object, at }) => ({
    file: `${at.file}#${keyOf(name)}`,
    text: objectText(object),
  }))
}

async function clusterTexts(path: string, { env, kubeconfig, as, whole }: TextsPlace): Promise<DoorTexts> {
  const context = path.slice('cluster:'.length)
  const snapshot = await readCluster(env, {
    marks: true,
    ...(whole !== undefined && { whole }),
    ...(context !== '' && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(as !== undefined && { as }),
  })
  return {
    inputs: snapshot.objects.map((object) => {
      const { kind = '', metadata } = object as {
        readonly kind?: string
        readonly metadata?: Record<string, string>
      }
      return {
        file: `${path}#${kind}/${metadata?.namespace ?? ''}/${metadata?.name}`,
        text: objectText(object),
      }
    }),
    source: { kind: 'cluster', context, server: snapshot.server },
    incomplete: snapshot.incomplete,
  }
}
