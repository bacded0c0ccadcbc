import { exists, notFound } from './failure.ts'
import { reference } from './references.ts'
import type { Service } from './service.ts'
import { isUniqueViolation, type Row } from './store/database.ts'
import type { Template } from './template.ts'
import { compact, timestamp } from './wire/encode.ts'

export function getVersion(service: Service, id: string): Row {
  const row = service.db.get('SELECT * FROM pipeline_versions WHERE UUID = ?', id)
  if (!row) throw notFound('PipelineVersion', id).within(`Failed to get a pipeline version with id ${id}`)
  return row
}

/** The default one if it is still there, else the newest; two of the same second go by order of arrival. */
export function latestVersion(service: Service, pipelineId: string, preferred = ''): Row | undefined {
  return (
    (preferred !== '' &&
      service.db.get(
        'SELECT * FROM pipeline_versions WHERE UUID = ? AND PipelineId = ?',
        preferred,
        pipelineId,
      )) ||
    service.db.get(
      'SELECT * FROM pipeline_versions WHERE PipelineId = ? ORDER BY CreatedAtInSec DESC, rowid DESC LIMIT 1',
      pipelineId,
    )
  )
}

export interface NewVersion {
  readonly pipelineId: string
  readonly name: string
  readonly displayName: string
  readonly description: string
  readonly uri: string
  readonly codeSourceUrl: string
  readonly template: Template
}

export function insertVersion(service: Service, version: NewVersion): Row {
  const row: Row = {
    UUID: service.newId(),
    PipelineId: version.pipelineId,
    Name: version.name,
    DisplayName: version.displayName || version.name,
    Description: version.description,
    Status: 'READY',
    CreatedAtInSec: service.now(),
    Parameters: JSON.stringify(version.template.parameters),
    PipelineSpec: version.template.text,
    PipelineSpecURI: version.uri,
    CodeSourceUrl: version.codeSourceUrl,
    SpecStruct: JSON.stringify(version.template.struct),
  }
  try {
    service.db.insert('pipeline_versions', row)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw exists(
      `Failed to create a new pipeline version. The name ${version.name} already exist. Specify a new name`,
    )
  }
  return row
}

export const versionToApi = (row: Row) =>
  compact({
    pipeline_id: row.PipelineId,
    pipeline_version_id: row.UUID,
    name: row.Name,
    display_name: row.DisplayName,
    description: row.Description,
    created_at: timestamp(row.CreatedAtInSec as number),
    package_url: row.PipelineSpecURI === '' ? undefined : { pipeline_url: row.PipelineSpecURI },
    code_source_url: row.CodeSourceUrl,
    pipeline_spec: JSON.parse(row.SpecStruct as string),
  })

export const versionToApiV1 = (row: Row) =>
  compact({
    id: row.UUID,
    name: row.Name,
    created_at: timestamp(row.CreatedAtInSec as number),
    parameters: JSON.parse(row.Parameters as string).map(compact),
    code_source_url: row.CodeSourceUrl,
    package_url: row.CodeSourceUrl === '' ? undefined : { pipeline_url: row.CodeSourceUrl },
    resource_references: [reference('PIPELINE', row.PipelineId as string, 'OWNER')],
    description: row.Description,
  })
