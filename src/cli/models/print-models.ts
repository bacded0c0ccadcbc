import { Fault } from '../../base/index.ts'
import type { DoorOptions as LiveOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'
import type { DoorOptions as MeshOptions } from '../read-door.ts'
import type { LiveModel } from './of-door.ts'
import type { ModelRow } from './of-mesh.ts'

export interface ModelsOptions extends MeshOptions, LiveOptions {
  readonly url?: string
  readonly namespace?: string
  readonly output: string
}

/** @throws Fault for whatever the YAML has wrong, and what a live door says */
export async function printModels(io: Io, options: ModelsOptions): Promise<number> {
  const { doorPaths } = await import('../read-door.ts')
  const { door, url } = options
  const live = door !== undefined || url !== undefined
  if (!live && doorPaths(options, io.env).length > 0) return fromMesh(io, options)
  return fromDoor(io, options)
}

async function fromMesh(io: Io, options: ModelsOptions): Promise<number> {
  const { readDoor } = await import('../read-door.ts')
  const { viewOptions } = await import('../map/view-options.ts')
  const { modelsOfMesh } = await import('./of-mesh.ts')
  const { progress } = await import('../progress.ts')
  const { mesh, door } = await readDoor(io, 'models', options)
  progress(io, `looking for the ways to ${mesh.inferenceServices.length} models`)
  const all = modelsOfMesh(mesh, door, { ...viewOptions(mesh, options), now: Date.now() / 1000 })
  const models = all.filter(({ namespace }) => (options.namespace ?? namespace) === namespace)
  io.out(options.output === 'json' ? asJson('the YAML', models) : asTable(models))
  return models.length > 0 ? exitCode.ok : exitCode.no
}

async function fromDoor(io: Io, options: ModelsOptions): Promise<number> {
  const { withDoor } = await import('../kfp/door.ts')
  const { modelsOfDoor } = await import('./of-door.ts')
  return withDoor(io, options, async (door) => {
    const models = await modelsOfDoor(door, options.namespace)
    if (models === undefined) {
      throw new Fault('ERR_USAGE', {
        message: `${door.url.host} has no models app that would list them to you`,
        next: 'read them from the cluster or its YAML: `kfdoor models --context NAME`, `kfdoor models -f DIR`',
      })
    }
    io.out(options.output === 'json' ? asJson(door.url.href, models) : liveTable(models))
    return models.length > 0 ? exitCode.ok : exitCode.no
  })
}

function asJson(source: string, models: readonly (ModelRow | LiveModel)[]): string {
  return JSON.stringify({ apiVersion: 'kfdoor/v1alpha1', kind: 'Models', source, models })
}

function asTable(models: readonly ModelRow[]): string {
  if (models.length === 0) return 'no InferenceService is there'
  const lines: string[] = []
  for (const { namespace, name, format, protocol, ready, addresses } of models) {
    const about = [
      format,
      protocol.toUpperCase(),
      ready === undefined ? undefined : ready ? 'ready' : 'not ready',
    ]
    lines.push(...(lines.length > 0 ? [''] : []), `${namespace}/${name}  ${about.filter(Boolean).join(', ')}`)
    if (addresses.length === 0) lines.push('  no route leads to it')
    for (const { url, asked, open, unknown } of addresses) {
      lines.push(`  ${url}`)
      const who = open.length === 0 ? 'nobody' : few(fold(open))
      lines.push(`    ${asked}: ${who}${unknown.length > 0 ? `; undecided: ${few(fold(unknown))}` : ''}`)
    }
  }
  return lines.join('\n')
}

function liveTable(models: readonly LiveModel[]): string {
  if (models.length === 0) return 'no model is in your namespaces'
  return models
    .flatMap(({ namespace, name, url, at, you }) => [
      `${namespace}/${name}  ${you}`,
      ...(at === undefined ? [] : [`  ${at}`]),
      ...(url === undefined || at?.startsWith(url) ? [] : [`  published as ${url}`]),
    ])
    .join('\n')
}

/** `anonymous` and `anonymous+forged` as `anonymous[+forged]`. */
function fold(names: readonly string[]): readonly string[] {
  const all = new Set(names)
  return names.flatMap((name) => {
    const plain = name.replace(/\+forged$/, '')
    if (name !== plain) return all.has(plain) ? [] : [name]
    return [all.has(`${name}+forged`) ? `${name}[+forged]` : name]
  })
}

const few = (names: readonly string[]) =>
  `${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`
