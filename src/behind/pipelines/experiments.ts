import { defaultExperimentKey, getExperiment, insertExperiment } from './experiment-rows.ts'
import { badRequest, internal, invalid, within } from './failure.ts'
import { reference, referencedId, referencesOf } from './references.ts'
import { type Call, effectiveNamespace, type Handler, type Route, type Service, text } from './service.ts'
import type { Row } from './store/database.ts'
import { type Listable, listOptions, listRows } from './store/list.ts'
import { compact, timestamp } from './wire/encode.ts'
import { listQuery, parameter, resourceKey } from './wire/query.ts'

const listable: Listable = {
  table: 'experiments',
  type: 'Experiment',
  columns: {
    id: 'UUID',
    experiment_id: 'UUID',
    name: 'Name',
    display_name: 'Name',
    created_at: 'CreatedAtInSec',
    last_run_created_at: 'LastRunCreatedAtInSec',
    description: 'Description',
    namespace: 'Namespace',
    storage_state: 'StorageState',
  },
}

/** By id, the namespace and name are the stored ones. */
async function mayAccess(
  service: Service,
  call: Call,
  verb: string,
  target: { readonly id: string } | { readonly namespace: string; readonly name?: string },
): Promise<void> {
  if (!service.options.multiUser) return
  let { namespace, name } = 'id' in target ? { namespace: '', name: '' } : { name: '', ...target }
  if ('id' in target) {
    const row = await within('Failed to authorize with the experiment ID', () =>
      getExperiment(service, target.id),
    )
    namespace = row.Namespace as string
    name = row.Name as string
  }
  if (namespace === '' || namespace === '-') {
    throw service.traits.wording === 'v1'
      ? invalid('Invalid resource references for experiment. Namespace is empty.')
      : invalid('An experiment cannot have an empty namespace in multi-user mode')
  }
  await within('Failed to authorize with API', () =>
    service.authorize(call, { namespace, verb, resource: 'experiments', name }),
  )
}

const v1 = (call: Call) => call.api === 'v1beta1'
const version = (call: Call) => (v1(call) ? 'v1beta1 ' : '')

function nameAndNamespace(service: Service, call: Call): readonly [name: string, namespace: string] {
  const references = referencesOf(call.body)
  if (!service.options.multiUser && service.traits.wording === 'v1' && references.length > 0) {
    throw invalid(
      "In single-user mode, CreateExperimentRequest shouldn't contain resource references.",
    ).within('Validate experiment request failed.')
  }
  const [name, namespace] = v1(call)
    ? [text(call.body.name), referencedId(references, 'NAMESPACE')]
    : [text(call.body.display_name), text(call.body.namespace)]
  const problem =
    name === ''
      ? 'Experiment must have a non-empty name'
      : name.length > 128
        ? 'Experiment.Name length cannot exceed 128'
        : namespace.length > 63
          ? 'Experiment.Namespace length cannot exceed 63'
          : undefined
  if (problem === undefined) return [name, namespace]
  throw internal(
    `Invalid input error: ${problem}`,
    'Failed to convert API experiment to model experiment',
  ).within(`[ExperimentServer]: Failed to create a ${version(call)}experiment due to conversion error`)
}

const create: Handler = async (service, call) => {
  const [name, given] = nameAndNamespace(service, call)
  return within(`Failed to create a ${version(call)}experiment`, async () => {
    const namespace = effectiveNamespace(service, given)
    await within('Failed to authorize the request', () =>
      mayAccess(service, call, 'create', { namespace, name }),
    )
    return toApi(call, insertExperiment(service, name, text(call.body.description), namespace))
  })
}

const get: Handler = (service, call) =>
  within(`Failed to fetch ${version(call)}experiment`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'get', { id }))
    return toApi(call, getExperiment(service, id))
  })

const list: Handler = async (service, call) => {
  const asked = v1(call) ? namespaceOfV1(service, call) : parameter(call.query, 'namespace')
  const options = await within('Failed to create list options', () =>
    listOptions(listable, listQuery(call.query), call.api),
  )
  return within(`List ${version(call)}experiments failed`, async () => {
    const namespace = effectiveNamespace(service, asked)
    await within('Failed to authorize with API', () => mayAccess(service, call, 'list', { namespace }))
    const page = listRows(service.db, options, { Namespace: namespace })
    return {
      experiments: page.rows.map((row) => toApi(call, row)),
      total_size: page.totalSize,
      next_page_token: page.nextPageToken,
    }
  })
}

function namespaceOfV1(service: Service, call: Call): string {
  const key = resourceKey(call.query, 'resource_reference_key')
  const old = service.traits.wording === 'v1'
  if (old && service.options.multiUser && key?.type !== 'NAMESPACE') {
    throw invalid(
      'Invalid resource references for experiment. ListExperiment requires filtering by namespace.',
    )
  }
  if (old && !service.options.multiUser && key?.type === 'NAMESPACE' && key.id !== '') {
    throw invalid('In single-user mode, ListExperiment cannot filter by namespace.')
  }
  if (key && key.type !== 'NAMESPACE') {
    throw invalid(
      `Failed to list v1beta1 experiment due to invalid resource reference key. It must be of type 'Namespace' and contain an existing or empty namespace, but you provided ${key.id} of type ${key.type}`,
    )
  }
  return key?.id ?? ''
}

const remove: Handler = (service, call) =>
  within(`Failed to delete ${version(call)}experiment`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'delete', { id }))
    const fallback = service.db.get('SELECT Value FROM meta WHERE Key = ?', defaultExperimentKey)?.Value
    if (fallback === id) {
      throw badRequest(
        `Invalid input error: Experiment id cannot be equal to the default id ${id}`,
        `Failed to delete experiment ${id}. The default experiment cannot be deleted`,
      )
    }
    await within(`Failed to delete experiment ${id} due to error fetching it`, () =>
      getExperiment(service, id),
    )
    service.db.run('DELETE FROM experiments WHERE UUID = ?', id)
    return {}
  })

/** Archiving takes the runs along and stops the schedules; unarchiving brings back the experiment alone. */
const archive: Handler = (service, call) =>
  within(`Failed to archive ${version(call)}experiment`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'archive', { id }))
    getExperiment(service, id)
    service.db.transaction(() => {
      service.db.run("UPDATE experiments SET StorageState = 'ARCHIVED' WHERE UUID = ?", id)
      service.db.run("UPDATE run_details SET StorageState = 'ARCHIVED' WHERE ExperimentUUID = ?", id)
      service.db.run(
        'UPDATE jobs SET Enabled = 0, UpdatedAtInSec = ? WHERE ExperimentUUID = ?',
        service.now(),
        id,
      )
    })
    return {}
  })

const unarchive: Handler = (service, call) =>
  within(`Failed to unarchive ${version(call)}experiment`, async () => {
    const id = call.params.id as string
    await within('Failed to authorize the request', () => mayAccess(service, call, 'unarchive', { id }))
    getExperiment(service, id)
    service.db.run("UPDATE experiments SET StorageState = 'AVAILABLE' WHERE UUID = ?", id)
    return {}
  })

function toApi(call: Call, row: Row): Record<string, unknown> {
  if (v1(call)) {
    return compact({
      id: row.UUID,
      name: row.Name,
      description: row.Description,
      created_at: timestamp(row.CreatedAtInSec as number),
      resource_references: [reference('NAMESPACE', row.Namespace as string, 'OWNER')],
      storage_state: `STORAGESTATE_${row.StorageState}`,
    })
  }
  return compact({
    experiment_id: row.UUID,
    display_name: row.Name,
    description: row.Description,
    created_at: timestamp(row.CreatedAtInSec as number),
    last_run_created_at: timestamp(row.LastRunCreatedAtInSec as number),
    namespace: row.Namespace,
    storage_state: row.StorageState,
  })
}

const of = (api: string): readonly Route[] => {
  const path = `/apis/${api}/experiments`
  const body = api === 'v1beta1' ? 'experimentV1' : 'experimentV2'
  return [
    { method: 'POST', path, body, handler: create },
    { method: 'GET', path, handler: list },
    { method: 'GET', path: `${path}/{id}`, handler: get },
    { method: 'DELETE', path: `${path}/{id}`, handler: remove },
    { method: 'POST', path: `${path}/{id}:archive`, handler: archive },
    { method: 'POST', path: `${path}/{id}:unarchive`, handler: unarchive },
  ]
}
export const experimentRoutes: readonly Route[] = [...of('v1beta1'), ...of('v2beta1')]
