import { exists, notFound, within } from './failure.ts'
import { reference } from './references.ts'
import type { Call, Service } from './service.ts'
import { isUniqueViolation, type Row } from './store/database.ts'
import { checkPipelineName, type Template } from './template.ts'
import { insertVersion, latestVersion, versionToApiV1 } from './version-rows.ts'
import { compact, timestamp } from './wire/encode.ts'

export function getPipeline(service: Service, id: string): Row {
  const row = service.db.get('SELECT * FROM pipelines WHERE UUID = ?', id)
  if (!row) throw notFound('Pipeline', id).within(`Failed to get a pipeline with id ${id}`)
  return row
}

/** A pipeline without namespace is shared: everybody may do everything with it, identity or not. */
export async function mayAccessPipeline(
  service: Service,
  call: Pick<Call, 'headers'>,
  verb: string,
  target:
    | { readonly id: string; readonly name?: string }
    | { readonly namespace: string; readonly name?: string },
): Promise<void> {
  if (!service.options.multiUser) return
  let { namespace, name } = 'id' in target ? { namespace: '', name: target.name } : { name: '', ...target }
  if ('id' in target) {
    const row = await within(
      `Failed to access pipeline ${target.id}. Check if it exists and have a namespace assigned`,
      () => getPipeline(service, target.id),
    )
    namespace = row.Namespace as string
    name ??= row.Name as string
  }
  if (namespace === '' || namespace === '-') return
  await within(
    `Failed to access pipeline ${'id' in target ? target.id : ''}. Check if you have access to namespace ${namespace}`,
    () => service.authorize(call, { namespace, verb, resource: 'pipelines', name }),
  )
}

export interface NewPipeline {
  readonly name: string
  readonly displayName: string
  readonly description: string
  readonly namespace: string
}

export function insertPipeline(service: Service, pipeline: NewPipeline): Row {
  const row: Row = {
    UUID: service.newId(),
    Name: pipeline.name,
    DisplayName: pipeline.displayName || pipeline.name,
    Description: pipeline.description,
    Namespace: pipeline.namespace,
    CreatedAtInSec: service.now(),
    DefaultVersionId: '',
  }
  try {
    service.db.insert('pipelines', row)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw exists(
      `Failed to create a new pipeline. The name ${pipeline.name} already exists. Please specify a new name`,
    )
  }
  return row
}

/** Both or neither: an upload makes a pipeline and its first version, of the same name. */
export function insertPipelineAndVersion(
  service: Service,
  pipeline: NewPipeline,
  template: Template,
  uri = '',
): { readonly pipeline: Row; readonly version: Row } {
  if (template.kind === 'v2') checkPipelineName(template.name)
  return service.db.transaction(() => {
    const row = insertPipeline(service, pipeline)
    const version = insertVersion(service, {
      pipelineId: row.UUID as string,
      name: pipeline.name,
      displayName: row.DisplayName as string,
      description: pipeline.description,
      uri,
      codeSourceUrl: '',
      template,
    })
    return { pipeline: row, version }
  })
}

export const pipelineToApi = (row: Row) =>
  compact({
    pipeline_id: row.UUID,
    name: row.Name,
    display_name: row.DisplayName,
    description: row.Description,
    created_at: timestamp(row.CreatedAtInSec as number),
    namespace: row.Namespace,
  })

export function pipelineToApiV1(service: Service, row: Row): Record<string, unknown> {
  const latest = latestVersion(service, row.UUID as string, row.DefaultVersionId as string)
  const version = latest && versionToApiV1(latest)
  return compact({
    id: row.UUID,
    created_at: timestamp(row.CreatedAtInSec as number),
    name: row.Name,
    description: row.Description,
    parameters: version?.parameters,
    url: version?.package_url,
    default_version: version,
    resource_references:
      row.Namespace === '' ? [] : [reference('NAMESPACE', row.Namespace as string, 'OWNER')],
  })
}
