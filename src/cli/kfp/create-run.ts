import { readFileSync } from 'node:fs'
import { parse, parseAllDocuments } from 'yaml'
import { Fault } from '../../base/index.ts'
import type { Door, Run } from '../../compose/client.ts'
import { ownNamespace } from './door.ts'

interface Wanted {
  readonly namespace?: string
  readonly pipeline?: string
  readonly file?: string
  readonly experiment?: string
  readonly name?: string
  readonly param?: readonly string[]
  readonly serviceAccount?: string
}

/** @throws Fault ERR_USAGE, ERR_INPUT_UNREADABLE and what the door says */
export async function createRun(door: Door, wanted: Wanted): Promise<Run> {
  if ((wanted.pipeline === undefined) === (wanted.file === undefined)) {
    throw new Fault('ERR_USAGE', {
      message: 'a run needs one pipeline',
      next: 'name one that was uploaded with `--pipeline`, or a compiled file with `--file`',
    })
  }
  const parameters = readParameters(wanted.param ?? [])
  const pipelineSpec = wanted.file === undefined ? undefined : readSpec(wanted.file)
  const namespace = await ownNamespace(door, wanted.namespace)
  const experimentId = await findExperiment(door, namespace, wanted.experiment)
  const pipeline =
    wanted.pipeline === undefined ? undefined : await findPipeline(door, namespace, wanted.pipeline)
  const version = pipeline && (await door.kfp.pipelines.versions(pipeline.id)).at(0)
  return door.kfp.runs.create({
    displayName:
      wanted.name ??
      `${wanted.pipeline ?? baseName(wanted.file ?? 'run')} ${new Date().toISOString().slice(0, 19)}`,
    experimentId,
    ...(pipeline && { pipelineId: pipeline.id, pipelineVersionId: version?.pipeline_version_id }),
    ...(pipelineSpec !== undefined && { pipelineSpec }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(wanted.serviceAccount !== undefined && { serviceAccount: wanted.serviceAccount }),
  })
}

function readParameters(given: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at < 1)
        throw new Fault('ERR_USAGE', { message: `\`${text}\` is no parameter`, next: 'write name=value' })
      const value = text.slice(at + 1)
      try {
        return [text.slice(0, at), JSON.parse(value) as unknown]
      } catch {
        return [text.slice(0, at), value]
      }
    }),
  )
}

/** The first document of a compiled pipeline is its specification, a second one what platforms add. */
function readSpec(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Fault(
      'ERR_INPUT_UNREADABLE',
      { path, reason: 'there is no such file, or it may not be read' },
      { cause },
    )
  }
  const wrong = (reason: string) => new Fault('ERR_INPUT_UNREADABLE', { path, reason })
  let spec: unknown
  try {
    spec = parseAllDocuments(text).length > 1 ? parse(text.split(/^---$/m)[0] ?? '') : parse(text)
  } catch {
    throw wrong('it is not YAML')
  }
  if (typeof spec !== 'object' || spec === null || !('pipelineInfo' in spec))
    throw wrong('it is not a compiled pipeline')
  return spec
}

async function findExperiment(door: Door, namespace: string, wanted = 'Default'): Promise<string> {
  const all = await door.kfp.experiments.list({ namespace })
  const found = all.find(({ experiment_id: id, display_name: name }) => id === wanted || name === wanted)
  if (found) return found.experiment_id
  if (wanted === 'Default')
    return (await door.kfp.experiments.create({ displayName: wanted, namespace })).experiment_id
  throw new Fault('ERR_USAGE', {
    message: `there is no experiment \`${wanted}\` in \`${namespace}\``,
    next: `make it with \`kfdoor kfp experiments create ${wanted}\``,
  })
}

async function findPipeline(door: Door, namespace: string, wanted: string): Promise<{ readonly id: string }> {
  const all = [...(await door.kfp.pipelines.list({ namespace })), ...(await door.kfp.pipelines.list())]
  const found = all.find(({ pipeline_id: id, display_name: name }) => id === wanted || name === wanted)
  if (found) return { id: found.pipeline_id }
  throw new Fault('ERR_USAGE', {
    message: `there is no pipeline \`${wanted}\``,
    next: 'see `kfdoor kfp pipelines list`, or upload it with `kfdoor kfp pipelines upload FILE`',
  })
}

const baseName = (path: string) => path.replace(/^.*[/\\]/, '').replace(/\.ya?ml$/, '')
