import { invalid, notFound, within } from './failure.ts'
import { fetchedPackage } from './package-url.ts'
import {
  getPipeline,
  insertPipeline,
  mayAccessPipeline,
  type NewPipeline,
  pipelineToApi,
  pipelineToApiV1,
} from './pipeline-rows.ts'
import { referencedId, referencesOf } from './references.ts'
import { type Call, effectiveNamespace, type Handler, type Route, type Service, text } from './service.ts'
import type { Row } from './store/database.ts'
import { type Listable, listOptions, listRows } from './store/list.ts'
import { latestVersion } from './version-rows.ts'
import { listQuery, parameter, resourceKey } from './wire/query.ts'

const listable: Listable = {
  table: 'pipelines',
  type: 'Pipeline',
  columns: {
    id: 'UUID',
    pipeline_id: 'UUID',
    name: 'Name',
    display_name: 'DisplayName',
    created_at: 'CreatedAtInSec',
    description: 'Description',
    namespace: 'Namespace',
  },
}

const v1 = (call: Call) => call.api === 'v1beta1'

function newPipeline(
  service: Service,
  body: Readonly<Record<string, unknown>>,
  api: Call['api'],
): NewPipeline {
  const given = api === 'v1beta1' ? referencedId(referencesOf(body), 'NAMESPACE') : text(body.namespace)
  const name = text(body.name) || text(body.display_name)
  const displayName = (api === 'v1beta1' ? '' : text(body.display_name)) || name
  for (const [field, value, limit] of [
    ['Name', name, 128],
    ['Namespace', given, 63],
  ] as const) {
    if (value.length > limit) throw invalid(`Pipeline.${field} length cannot exceed ${limit}`)
  }
  return {
    name,
    displayName,
    description: text(body.description),
    namespace: effectiveNamespace(service, given),
  }
}

const create: Handler = (service, call) =>
  within('Failed to create a pipeline due to server error', async () => {
    const pipeline = newPipeline(service, call.body, call.api)
    if (pipeline.name === '') throw invalid('name is required')
    await within(
      `Failed to create a pipeline due to authorization error. Check if you have write permissions to namespace ${pipeline.namespace}`,
      () => mayAccessPipeline(service, call, 'create', pipeline),
    )
    return pipelineToApi(
      await within('Failed to create a pipeline in PipelineStore', () => insertPipeline(service, pipeline)),
    )
  })

/** v1's create, and v2's `pipelines/create`: the package comes from a URL, which this server does not fetch. */
const createFromUrl: Handler = (service, call) =>
  within(v1(call) ? 'Failed to create a pipeline (v1beta1)' : 'Failed to create a pipeline', async () => {
    const body = (v1(call) ? call.body : (call.body.pipeline ?? {})) as Readonly<Record<string, unknown>>
    const version = (call.body.pipeline_version ?? {}) as Readonly<Record<string, { pipeline_url?: string }>>
    const url = text((v1(call) ? (body.url as { pipeline_url?: string }) : version.package_url)?.pipeline_url)
    const pipeline = newPipeline(service, body, call.api)
    await mayAccessPipeline(service, call, 'create', pipeline)
    throw fetchedPackage(url)
  })

const get: Handler = (service, call) => {
  const id = call.params.id as string
  const label = v1(call) ? ' (v1beta1)' : ''
  return within(`Failed to get a pipeline${label} ${id}. Check error stack`, async () => {
    await within(`Failed to get a pipeline due authorization error for pipeline id ${id}`, () =>
      mayAccessPipeline(service, call, 'get', { id }),
    )
    return show(service, call, getPipeline(service, id))
  })
}

const getByName: Handler = async (service, call) => {
  const name = call.params.name as string
  // v1 writes "no namespace" as `-` in the path, where an empty segment would be no segment.
  const asked = v1(call) ? (call.params.namespace as string) : parameter(call.query, 'namespace')
  const namespace = effectiveNamespace(service, asked === '-' ? '' : asked)
  const label = v1(call) ? ' (v1beta1)' : ''
  return within(
    `Failed to get a pipeline${label} with name ${name} and namespace ${asked}. Check error stack.`,
    async () => {
      await within(
        `Failed to fetch a pipeline due to authorization error. Check if you have read permission to namespace ${namespace}`,
        () => mayAccessPipeline(service, call, 'get', { namespace, name }),
      )
      const row = service.db.get('SELECT * FROM pipelines WHERE Name = ? AND Namespace = ?', name, namespace)
      if (!row) {
        const kind = v1(call) ? 'Namespace/Pipeline and PipelineVersion' : 'Namespace/Pipeline'
        const doing = v1(call) ? 'ResourceManager (v1beta1): ' : ''
        throw notFound(kind, `${namespace}/${name}`).within(
          `${doing}Failed to get a pipeline named ${name} in namespace ${namespace}`,
        )
      }
      return show(service, call, row)
    },
  )
}

const list: Handler = async (service, call) => {
  const key = v1(call) ? resourceKey(call.query, 'resource_reference_key') : undefined
  if (key && key.type !== 'NAMESPACE') {
    throw invalid(
      `Failed to list pipelines (v1beta1) due to invalid resource references for pipelines: &{${key.type} ${key.id}}`,
    )
  }
  const asked = v1(call) ? (key?.id ?? '') : parameter(call.query, 'namespace')
  const query = listQuery(call.query)
  const options = await within(
    `Failed to list pipelines due invalid list options: pageToken: ${query.pageToken}, pageSize: ${query.pageSize}, sortBy: ${query.sortBy}, filter: ${query.filter}`,
    () => listOptions(listable, query, call.api),
  )
  const label = v1(call) ? ' (v1beta1)' : ''
  return within(`Failed to list pipelines${label} in namespace ${asked}. Check error stack`, async () => {
    const namespace = effectiveNamespace(service, asked)
    await within(
      `Failed to list pipelines due to authorization error. Check if you have read permission to namespace ${namespace}`,
      () => mayAccessPipeline(service, call, 'list', { namespace }),
    )
    const page = listRows(service.db, options, { Namespace: namespace })
    return {
      pipelines: page.rows.map((row) => show(service, call, row)),
      total_size: page.totalSize,
      next_page_token: page.nextPageToken,
    }
  })
}

const remove: Handler = (service, call) => {
  const id = call.params.id as string
  const label = v1(call) ? ' (v1beta1)' : ''
  return within(`Failed to delete pipeline${label} ${id}. Check error stack`, async () => {
    await within(`Failed to delete a pipeline due authorization error for pipeline id ${id}`, () =>
      mayAccessPipeline(service, call, 'delete', { id }),
    )
    await within(`Failed to delete pipeline with id ${id} as it was not found`, () =>
      getPipeline(service, id),
    )
    const asked = !v1(call) && parameter(call.query, 'cascade') === 'true'
    // Before 2.0 the versions went along without being asked for.
    const cascade = asked || service.traits.wording === 'v1'
    service.db.transaction(() => {
      const version = cascade ? undefined : latestVersion(service, id)
      if (version) {
        throw invalid(
          `Failed to delete pipeline with id ${id} as it has existing pipeline versions (e.g. ${version.UUID}). Set cascade=true to delete all versions`,
        )
      }
      service.db.run('DELETE FROM pipelines WHERE UUID = ?', id)
    })
    return {}
  })
}

const show = (service: Service, call: Call, row: Row) =>
  v1(call) ? pipelineToApiV1(service, row) : pipelineToApi(row)

export const pipelineRoutes: readonly Route[] = [
  { method: 'POST', path: '/apis/v2beta1/pipelines', body: 'pipelineV2', handler: create },
  {
    method: 'POST',
    path: '/apis/v2beta1/pipelines/create',
    body: 'pipelineAndVersionV2',
    handler: createFromUrl,
  },
  { method: 'GET', path: '/apis/v2beta1/pipelines', handler: list },
  { method: 'GET', path: '/apis/v2beta1/pipelines/{id}', handler: get },
  { method: 'GET', path: '/apis/v2beta1/pipelines/names/{name}', handler: getByName },
  { method: 'DELETE', path: '/apis/v2beta1/pipelines/{id}', handler: remove },
  { method: 'POST', path: '/apis/v1beta1/pipelines', body: 'pipelineV1', handler: createFromUrl },
  { method: 'GET', path: '/apis/v1beta1/pipelines', handler: list },
  { method: 'GET', path: '/apis/v1beta1/pipelines/{id}', handler: get },
  { method: 'GET', path: '/apis/v1beta1/namespaces/{namespace}/pipelines/{name}', handler: getByName },
  { method: 'DELETE', path: '/apis/v1beta1/pipelines/{id}', handler: remove },
]
