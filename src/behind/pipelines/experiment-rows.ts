import { exists, invalid, notFound, within } from './failure.ts'
import type { Service } from './service.ts'
import { isUniqueViolation, type Row } from './store/database.ts'

/** Where `meta` keeps the id of the default experiment. */
export const defaultExperimentKey = 'default_experiment_id'

export function getExperiment(service: Service, id: string): Row {
  const row = service.db.get('SELECT * FROM experiments WHERE UUID = ?', id)
  if (!row) throw notFound('Experiment', id)
  return row
}

export function insertExperiment(
  service: Service,
  name: string,
  description: string,
  namespace: string,
): Row {
  const row: Row = {
    UUID: service.newId(),
    Name: name,
    Description: description,
    Namespace: namespace,
    StorageState: 'AVAILABLE',
    CreatedAtInSec: service.now(),
    LastRunCreatedAtInSec: 0,
  }
  try {
    service.db.insert('experiments', row)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw exists(
      `Failed to create a new experiment. The name ${name} already exists. Please specify a new name`,
    )
  }
  return row
}

/** The experiment of runs that name none (single-user mode only); made when it is first needed. */
function defaultExperiment(service: Service, namespace: string): string {
  return service.db.transaction(() => {
    const known = service.db.get('SELECT Value FROM meta WHERE Key = ?', defaultExperimentKey)
    if (known && service.db.get('SELECT UUID FROM experiments WHERE UUID = ?', known.Value ?? '')) {
      return known.Value as string
    }
    const named = service.db.get(
      'SELECT UUID FROM experiments WHERE Name = ? AND Namespace = ?',
      'Default',
      namespace,
    )
    const description = 'All runs created without specifying an experiment will be grouped here.'
    const id = (named ?? insertExperiment(service, 'Default', description, namespace)).UUID as string
    service.db.run('INSERT OR REPLACE INTO meta (Key, Value) VALUES (?, ?)', defaultExperimentKey, id)
    return id
  })
}

/** The experiment a run or schedule belongs to, and its namespace (GetValidExperimentNamespacePair). */
export async function experimentAndNamespace(
  service: Service,
  experimentId: string,
  namespace: string,
): Promise<readonly [experimentId: string, namespace: string]> {
  if (experimentId === '') {
    if (service.options.multiUser) throw invalid('Experiment id can not be empty in multi-user mode')
    return [defaultExperiment(service, ''), '']
  }
  const experiment = await within(`Failed to fetch namespace for experiment ${experimentId}`, () =>
    within(`Failed to fetch namespace from experiment ${experimentId}`, () =>
      getExperiment(service, experimentId),
    ),
  )
  const owner = experiment.Namespace as string
  if (service.options.multiUser && namespace !== '' && namespace !== owner) {
    throw invalid(`Experiment ${experimentId} belongs to namespace '${owner}' instead of '${namespace}'`)
  }
  return [experimentId, owner]
}
