import { getExperiment } from './experiment-rows.ts'
import { invalid, within } from './failure.ts'
import { type Call, effectiveNamespace, type Service } from './service.ts'
import { parameter, resourceKey } from './wire/query.ts'

/** What a list of runs or schedules is asked for: those of an experiment, or of a namespace. */
export interface Asked {
  readonly experimentId: string
  readonly namespace: string
}

/** `method` is the old server's name of the list, and `noun` of one entry. @throws Refusal */
export function askedFor(service: Service, call: Call, method: 'ListRuns' | 'ListJobs', noun: string): Asked {
  if (call.api === 'v2beta1') {
    return {
      experimentId: parameter(call.query, 'experiment_id'),
      namespace: parameter(call.query, 'namespace'),
    }
  }
  const key = resourceKey(call.query, 'resource_reference_key')
  if (service.traits.wording === 'v1' && service.options.multiUser) {
    if (!key) throw invalid(`${method} must filter by resource reference in multi-user mode.`)
    const refuse = (text: string) => invalid(`Invalid resource references for ${text}`)
    if (key.type === 'NAMESPACE' && key.id === '') throw refuse(`${method}. Namespace is empty.`)
    if (key.type === 'EXPERIMENT' && key.id === '') throw refuse(`${noun}. Experiment ID is empty.`)
    if (key.type !== 'NAMESPACE' && key.type !== 'EXPERIMENT') {
      throw refuse(`${method}. Got type:${key.type} id:${JSON.stringify(key.id)}`)
    }
  }
  return {
    experimentId: key?.type === 'EXPERIMENT' ? key.id : '',
    namespace: key?.type === 'NAMESPACE' ? key.id : '',
  }
}

/** The namespace that decides: the experiment's own, or the one asked for. @throws Refusal */
export async function namespaceOf(service: Service, asked: Asked, nouns: string): Promise<string> {
  const { experimentId } = asked
  if (experimentId === '') return effectiveNamespace(service, asked.namespace)
  const doing = `Failed to list ${nouns} due to error fetching namespace for experiment ${experimentId}. Try filtering based on namespace`
  const row = await within(doing, () =>
    within(`Failed to fetch namespace from experiment ${experimentId}`, () =>
      getExperiment(service, experimentId),
    ),
  )
  return row.Namespace as string
}
