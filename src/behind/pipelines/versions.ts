import { internal, invalid, notFound, within } from './failure.ts'
import { fetchedPackage } from './package-url.ts'
import { getPipeline, mayAccessPipeline } from './pipeline-rows.ts'
import { referencedId, referencesOf } from './references.ts'
import { type Call, type Handler, type Route, type Service, text } from './service.ts'
import type { Row } from './store/database.ts'
import { type Listable, listOptions, listRows } from './store/list.ts'
import { getVersion, latestVersion, versionToApi, versionToApiV1 } from './version-rows.ts'
import { listQuery, resourceKey } from './wire/query.ts'

const listable: Listable = {
  table: 'pipeline_versions',
  type: 'PipelineVersion',
  columns: {
    id: 'UUID',
    pipeline_version_id: 'UUID',
    name: 'Name',
    display_name: 'DisplayName',
    created_at: 'CreatedAtInSec',
    status: 'Status',
    description: 'Description',
    pipeline_spec: 'PipelineSpec',
  },
}

async function mayAccessVersion(service: Service, call: Call, verb: string, versionId: string) {
  if (!service.options.multiUser) return
  const row = await within(`Failed to access pipeline version ${versionId}. Check if it exists`, () =>
    getVersion(service, versionId),
  )
  await mayAccessPipeline(service, call, verb, { id: row.PipelineId as string })
}

const v1 = (call: Call) => call.api === 'v1beta1'

const create: Handler = async (service, call) => {
  const label = v1(call) ? ' (v1beta1)' : ''
  const url = text((call.body.package_url as { pipeline_url?: string } | undefined)?.pipeline_url)
  if (url === '') {
    throw invalid(
      v1(call)
        ? "Failed to create a pipeline version (v1beta1). Pipeline version is nil or pipeline's URL is empty"
        : `Failed to create a pipeline version. Package URL is ${call.body.package_url ? 'empty' : 'nil'}`,
    )
  }
  const pipelineId = v1(call)
    ? referencedId(referencesOf(call.body), 'PIPELINE', 'OWNER')
    : text(call.body.pipeline_id) && (call.params.pipelineId as string)
  if (pipelineId === '') throw invalid('Failed to create a pipeline version. Parent pipeline id is empty')
  return within(`Failed to create a pipeline version${label}. Check error stack`, async () => {
    const name = text(call.body.name) || text(call.body.display_name)
    if (name === '') throw invalid('name is required')
    await within(
      `Failed to create a pipeline version due authorization error for pipeline id ${pipelineId}`,
      () => mayAccessPipeline(service, call, 'create', { id: pipelineId, name }),
    )
    throw fetchedPackage(url)
  })
}

const get: Handler = (service, call) => {
  const id = call.params.versionId as string
  return within(`Failed to get a pipeline version${v1(call) ? ' (v1beta1)' : ''} ${id}`, async () => {
    await within(
      `Failed to get a pipeline version due to authorization error for pipeline version id ${id}`,
      () => mayAccessVersion(service, call, 'get', id),
    )
    return show(call, getVersion(service, id))
  })
}

const list: Handler = async (service, call) => {
  const key = v1(call) ? resourceKey(call.query, 'resource_key') : undefined
  if (v1(call) && !key) {
    throw invalid('Failed to list pipeline versions (v1beta1) due to missing pipeline id')
  }
  const pipelineId = v1(call) ? (key?.id ?? '') : (call.params.pipelineId as string)
  const query = listQuery(call.query)
  const options = await within(
    `Failed to list pipeline versions due invalid list options: pageToken: ${query.pageToken}, pageSize: ${query.pageSize}, sortBy: ${query.sortBy}, filter: ${query.filter}`,
    () => listOptions(listable, query, call.api),
  )
  const doing = v1(call)
    ? `Failed to list pipeline versions (v1beta1) with pipeline id ${pipelineId}. Check error stack`
    : `Failed to list pipeline versions for pipeline ${pipelineId}`
  return within(doing, async () => {
    if (pipelineId === '') throw invalid('Failed to list pipeline versions. Pipeline id cannot be empty')
    const { Namespace: namespace } = await within(
      `Failed to list pipeline versions due to error fetching the namespace for pipeline ${pipelineId}`,
      () =>
        within(`Failed to get namespace for pipeline id ${pipelineId}`, () =>
          getPipeline(service, pipelineId),
        ),
    )
    await within(
      `Failed to list pipeline versions due to authorization error. Check if you have read permission to namespace ${namespace}`,
      () => mayAccessPipeline(service, call, 'list', { namespace: namespace as string }),
    )
    const page = listRows(service.db, options, { PipelineId: pipelineId })
    return {
      [v1(call) ? 'versions' : 'pipeline_versions']: page.rows.map((row) => show(call, row)),
      total_size: page.totalSize,
      next_page_token: page.nextPageToken,
    }
  })
}

const remove: Handler = async (service, call) => {
  const id = call.params.versionId as string
  const pipelineId = v1(call)
    ? ((
        await within(
          `Failed to delete a pipeline version (v1beta1) ${id} due error fetching a pipeline id`,
          () => getVersion(service, id),
        )
      ).PipelineId as string)
    : (call.params.pipelineId as string)
  const doing = v1(call)
    ? `Failed to delete a pipeline version (v1beta1) ${id} under pipeline ${pipelineId}. Check error stack`
    : `Failed to delete a pipeline version id ${id} under pipeline id ${pipelineId}. Check error stack`
  return within(doing, async () => {
    await within(
      `Failed to delete a pipeline version id ${id} due to authorization error for pipeline id ${pipelineId}`,
      () => mayAccessVersion(service, call, 'delete', id),
    )
    await within(`Failed to delete pipeline version with id ${id} as it was not found`, () =>
      getVersion(service, id),
    )
    service.db.run('DELETE FROM pipeline_versions WHERE UUID = ?', id)
    return {}
  })
}

/** v1: the text of a version, or of a pipeline's newest one. */
const template: Handler = async (service, call) => {
  const { versionId, id } = call.params
  if (versionId !== undefined) {
    await within(
      `Failed to get a pipeline template due to authorization error. Verify that you have access to pipeline version ${versionId}`,
      () => mayAccessVersion(service, call, 'get', versionId),
    )
    return { template: getVersion(service, versionId).PipelineSpec }
  }
  const pipelineId = id as string
  await within(
    `Failed to get the default template (v1beta1) due to authorization error. Verify that you have access to pipeline id ${pipelineId}`,
    () => mayAccessPipeline(service, call, 'get', { id: pipelineId }),
  )
  return within(
    `Failed to get the default template (v1beta1) for pipeline ${pipelineId}. Check error stack`,
    async () => {
      const pipeline = await within('Failed to get the latest template as pipeline was not found', () =>
        getPipeline(service, pipelineId),
      )
      const row = latestVersion(service, pipelineId, pipeline.DefaultVersionId as string)
      if (!row) throw notFound('PipelineVersion', pipelineId)
      return { template: row.PipelineSpec }
    },
  )
}

const setDefault: Handler = async (service, call) => {
  const { id, versionId } = call.params as { id: string; versionId: string }
  const doing = `Failed to update (v1beta1) default pipeline version to ${versionId} for pipeline ${id}`
  await within(`${doing} due to authorization error`, () =>
    mayAccessPipeline(service, call, 'update', { id }),
  )
  return within(`${doing}. Check error stack`, () => {
    getPipeline(service, id)
    if (getVersion(service, versionId).PipelineId !== id) {
      throw internal(
        `version ${versionId} belongs to another pipeline`,
        'Failed to update the default version',
      )
    }
    service.db.run('UPDATE pipelines SET DefaultVersionId = ? WHERE UUID = ?', versionId, id)
    return {}
  })
}

const show = (call: Call, row: Row) => (v1(call) ? versionToApiV1(row) : versionToApi(row))

const versions = '/apis/v2beta1/pipelines/{pipelineId}/versions'
const versionsV1 = '/apis/v1beta1/pipeline_versions'
export const versionRoutes: readonly Route[] = [
  { method: 'POST', path: versions, body: 'pipelineVersionV2', handler: create },
  { method: 'GET', path: versions, handler: list },
  { method: 'GET', path: `${versions}/{versionId}`, handler: get },
  { method: 'DELETE', path: `${versions}/{versionId}`, handler: remove },
  { method: 'POST', path: versionsV1, body: 'pipelineVersionV1', handler: create },
  { method: 'GET', path: versionsV1, handler: list },
  { method: 'GET', path: `${versionsV1}/{versionId}`, handler: get },
  { method: 'DELETE', path: `${versionsV1}/{versionId}`, handler: remove },
  { method: 'GET', path: `${versionsV1}/{versionId}/templates`, handler: template },
  { method: 'GET', path: '/apis/v1beta1/pipelines/{id}/templates', handler: template },
  { method: 'POST', path: '/apis/v1beta1/pipelines/{id}/default_version/{versionId}', handler: setDefault },
]
