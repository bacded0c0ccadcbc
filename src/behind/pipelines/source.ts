/** Where a run's pipeline comes from, in the request and in the answer; runs and schedules share it. */
import { invalid, notFound, within } from './failure.ts'
import { getPipeline } from './pipeline-rows.ts'
import { reference, referencedId, referencesOf } from './references.ts'
import { type Service, text } from './service.ts'
import type { Row } from './store/database.ts'
import { type JsonObject, parseManifest, type Template } from './template.ts'
import { getVersion, latestVersion } from './version-rows.ts'
import type { Fields } from './wire/decode.ts'
import { compact } from './wire/encode.ts'

/** util.MaxParameterBytes. */
const maxParameterBytes = 10_000

export interface Source {
  readonly pipelineId: string
  readonly versionId: string
  /** The text given instead of a version; '' otherwise. */
  readonly manifest: string
  readonly kind: 'spec' | 'workflow' | 'none'
  /** v1's list of name and value, as JSON; '' when none. */
  readonly parameters: string
  /** v2's map, as JSON; '' when none. */
  readonly runtimeParameters: string
  readonly pipelineRoot: string
}

type Config = { readonly parameters?: JsonObject; readonly pipeline_root?: string }

const limited = (json: string) => {
  if (json.length > maxParameterBytes) {
    throw invalid(`The input parameter length exceed maximum size of ${maxParameterBytes}`)
  }
  return json
}

function configOf(config: unknown): Pick<Source, 'runtimeParameters' | 'pipelineRoot'> {
  const { parameters, pipeline_root } = (config ?? {}) as Config
  return {
    runtimeParameters: parameters === undefined ? '' : JSON.stringify(parameters),
    pipelineRoot: pipeline_root ?? '',
  }
}

/** `body` is a v2 Run or RecurringRun. */
export function sourceV2(body: Fields): Source {
  const by = (body.pipeline_version_reference ?? {}) as Fields
  const struct = body.pipeline_spec as JsonObject | undefined
  return {
    pipelineId: text(by.pipeline_id),
    versionId: text(by.pipeline_version_id) || text(body.pipeline_version_id),
    manifest: struct ? JSON.stringify(struct) : '',
    kind: struct ? 'spec' : 'none',
    parameters: '',
    ...configOf(body.runtime_config),
  }
}

/** `body` is a v1 Run or Job. */
export function sourceV1(body: Fields): Source {
  const spec = (body.pipeline_spec ?? {}) as Fields
  const references = referencesOf(body)
  const workflow = text(spec.workflow_manifest)
  const manifest = text(spec.pipeline_manifest)
  const parameters = (spec.parameters ?? []) as readonly { name?: string; value?: string }[]
  return {
    pipelineId: text(spec.pipeline_id) || referencedId(references, 'PIPELINE'),
    versionId: referencedId(references, 'PIPELINE_VERSION'),
    manifest: manifest || workflow,
    kind: manifest ? 'spec' : workflow ? 'workflow' : 'none',
    parameters:
      parameters.length === 0
        ? ''
        : limited(
            JSON.stringify(parameters.map(({ name, value }) => ({ name: name ?? '', value: value ?? '' }))),
          ),
    ...configOf(spec.runtime_config),
  }
}

export interface Resolved {
  readonly template: Template
  readonly source: Source
  readonly pipelineName: string
}

/** Finds the version a source names, or reads the text it brings. @throws Refusal */
export async function resolveSource(service: Service, source: Source): Promise<Resolved> {
  const version = await within('Failed to fetch a template due to error retrieving pipeline version', () =>
    versionOf(service, source),
  )
  if (version) {
    const found = { ...source, pipelineId: version.PipelineId as string, versionId: version.UUID as string }
    const template = parseManifest(version.PipelineSpec as string)
    return { template, source: found, pipelineName: version.Name as string }
  }
  if (source.manifest === '') throw invalid('Failed to fetch a template with an empty pipeline spec manifest')
  const template = await within('Failed to fetch a template with an invalid pipeline spec manifest', () =>
    parseManifest(source.manifest),
  )
  const kind = template.kind === 'v1' ? 'workflow' : 'spec'
  return { template, source: { ...source, kind }, pipelineName: '' }
}

async function versionOf(service: Service, source: Source): Promise<Row | undefined> {
  const { pipelineId, versionId } = source
  if (versionId !== '') {
    const row = await within(
      `Failed to fetch a pipeline version and its manifest from pipeline version ${versionId}`,
      () => getVersion(service, versionId),
    )
    if (pipelineId !== '' && row.PipelineId !== pipelineId) {
      throw invalid(`Pipeline version ${versionId} belongs to pipeline ${row.PipelineId} (not ${pipelineId})`)
    }
    return row
  }
  if (pipelineId === '') return undefined
  return within(
    `Failed to fetch a pipeline version and its manifest from pipeline ${pipelineId}`,
    async () => {
      const pipeline = await within(
        'Failed to get the latest pipeline version as pipeline was not found',
        () => getPipeline(service, pipelineId),
      )
      const row = latestVersion(service, pipelineId, pipeline.DefaultVersionId as string)
      if (!row) throw notFound('PipelineVersion', pipelineId)
      return row
    },
  )
}

/** The inputs of the run in the form `checkInputs` takes. */
export function inputsOf(source: Source): JsonObject {
  if (source.runtimeParameters !== '') return JSON.parse(source.runtimeParameters)
  if (source.parameters === '') return {}
  const list = JSON.parse(source.parameters) as { name: string; value: string }[]
  return Object.fromEntries(list.map(({ name, value }) => [name, value]))
}

/** The columns that hold a source. */
export const sourceColumns = ({ source, pipelineName }: Resolved): Row => ({
  PipelineId: source.pipelineId,
  PipelineVersionId: source.versionId,
  PipelineName: pipelineName,
  PipelineSpecManifest: source.kind === 'spec' ? source.manifest : '',
  WorkflowSpecManifest: source.kind === 'workflow' ? source.manifest : '',
  Parameters: source.parameters,
  RuntimeParameters: source.runtimeParameters,
  PipelineRoot: source.pipelineRoot,
})

const fieldsOf = (json: unknown): Record<string, unknown> => (json === '' ? {} : JSON.parse(json as string))

/** `pipeline_version_reference` or `pipeline_spec`, and `runtime_config`. */
export function sourceToApi(row: Row): Record<string, unknown> {
  const manifest = (row.PipelineSpecManifest || row.WorkflowSpecManifest) as string
  const list =
    row.Parameters === '' ? [] : (JSON.parse(row.Parameters as string) as { name: string; value: string }[])
  const parameters =
    row.RuntimeParameters === ''
      ? Object.fromEntries(list.map(({ name, value }) => [name, value]))
      : fieldsOf(row.RuntimeParameters)
  const config = compact({
    parameters: Object.keys(parameters).length === 0 ? undefined : parameters,
    pipeline_root: row.PipelineRoot,
  })
  return {
    ...(row.PipelineVersionId !== '' || row.PipelineId !== ''
      ? {
          pipeline_version_reference: compact({
            pipeline_id: row.PipelineId,
            pipeline_version_id: row.PipelineVersionId,
          }),
        }
      : { pipeline_spec: structOf(manifest) }),
    runtime_config: Object.keys(config).length === 0 ? undefined : config,
  }
}

function structOf(manifest: string): JsonObject | undefined {
  if (manifest === '') return undefined
  try {
    return parseManifest(manifest).struct
  } catch {
    return undefined
  }
}

/** v1's `pipeline_spec`. */
export function sourceToApiV1(row: Row): Record<string, unknown> {
  const parameters = row.Parameters === '' ? [] : JSON.parse(row.Parameters as string).map(compact)
  const config = compact({
    parameters: row.RuntimeParameters === '' ? undefined : fieldsOf(row.RuntimeParameters),
    pipeline_root: row.PipelineRoot,
  })
  return compact({
    pipeline_id: row.PipelineId,
    pipeline_name: row.PipelineName,
    workflow_manifest: row.WorkflowSpecManifest,
    pipeline_manifest: row.PipelineSpecManifest,
    parameters,
    runtime_config: parameters.length > 0 || Object.keys(config).length === 0 ? undefined : config,
  })
}

export const sourceReferences = (row: Row) =>
  row.PipelineVersionId !== ''
    ? [reference('PIPELINE_VERSION', row.PipelineVersionId as string, 'CREATOR')]
    : row.PipelineId !== ''
      ? [reference('PIPELINE', row.PipelineId as string, 'CREATOR')]
      : []
