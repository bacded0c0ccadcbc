/**
 * Which access a call of the Pipelines API needs (backend/src/apiserver/server: the `canAccess…` of
 * experiments, runs, recurring runs, pipelines and their versions).
 */
import { firstParam } from '../query.ts'

export type PipelinesCall =
  /** Everybody may. */
  | { readonly kind: 'open'; readonly why: string }
  | { readonly kind: 'no-route' }
  | {
      readonly kind: 'access'
      readonly resource: 'experiments' | 'runs' | 'jobs' | 'pipelines'
      readonly verb: string
      /** '' = none was named; undefined = it is in the server's database, or in a body that was not given. */
      readonly namespace: string | undefined
      readonly name?: string
    }

/** Names only one of the two versions has. */
const onlyIn: Readonly<Record<string, string>> = {
  jobs: 'v1beta1',
  pipeline_versions: 'v1beta1',
  recurringruns: 'v2beta1',
}

/** The first segment after `/apis/VERSION/` → the resource RBAC knows. */
const resources: Readonly<Record<string, 'experiments' | 'runs' | 'jobs' | 'pipelines'>> = {
  experiments: 'experiments',
  runs: 'runs',
  recurringruns: 'jobs',
  jobs: 'jobs',
  pipelines: 'pipelines',
  pipeline_versions: 'pipelines',
}

const actions = new Set(['archive', 'unarchive', 'terminate', 'retry', 'enable', 'disable'])

export function pipelinesCall(method: string, target: string, body: string | undefined): PipelinesCall {
  const path = target.split('?', 1)[0] ?? ''
  const [, version, rest = ''] = /^\/apis\/(v1beta1|v2beta1)\/(.+?)\/?$/.exec(path) ?? []
  if (version === undefined) return { kind: 'no-route' }
  if (rest === 'healthz') return { kind: 'open', why: 'healthz asks nobody who they are' }
  const [first = '', ...segments] = rest.split('/')
  const byName = /^namespaces\/([^/]+)\/pipelines\/([^/]+)$/.exec(rest)
  if (byName !== null && method === 'GET') {
    const [, namespace = '', name = ''] = byName
    return access('pipelines', 'get', namespace === '-' ? '' : namespace, name)
  }
  const resource = Object.hasOwn(resources, first) ? resources[first] : undefined
  if (resource === undefined || (Object.hasOwn(onlyIn, first) && onlyIn[first] !== version))
    return { kind: 'no-route' }
  const asked = queryNamespace(version, target)
  if (first === 'pipelines' && segments.length === 1 && /^upload(_version)?$/.test(segments[0] as string)) {
    return access('pipelines', 'create', segments[0] === 'upload' ? (asked ?? '') : undefined)
  }
  if (resource === 'pipelines' && segments[0] === 'names' && segments.length === 2) {
    return access('pipelines', 'get', asked ?? '', segments[1])
  }
  if (resource === 'pipelines' && (segments.length > 1 || first === 'pipeline_versions')) {
    const verb = { GET: 'get', POST: segments.includes('default_version') ? 'update' : 'create' }[method]
    return access('pipelines', verb ?? (method === 'DELETE' ? 'delete' : 'get'), undefined)
  }
  if (segments.length === 0 || (first === 'pipelines' && segments[0] === 'create')) {
    if (method === 'GET') return access(resource, 'list', listNamespace(version, target, asked))
    if (method === 'POST') return access(resource, 'create', bodyNamespace(version, resource, body))
    return { kind: 'no-route' }
  }
  const action = /:([a-z]+)$/i.exec(segments[0] as string)?.[1] ?? segments[1]
  if (method === 'POST' && action !== undefined && actions.has(action)) {
    return access(resource, action, undefined)
  }
  if (segments.length > 1 && first !== 'pipelines') return { kind: 'no-route' }
  if (method === 'GET') return access(resource, 'get', undefined)
  if (method === 'DELETE') return access(resource, 'delete', undefined)
  return { kind: 'no-route' }
}

function access(
  resource: 'experiments' | 'runs' | 'jobs' | 'pipelines',
  verb: string,
  namespace: string | undefined,
  name?: string,
): PipelinesCall {
  return { kind: 'access', resource, verb, namespace, ...(name !== undefined && { name }) }
}

/** `?namespace=`, or v1's `resource_reference_key.type=NAMESPACE&resource_reference_key.id=`. */
function queryNamespace(version: string, target: string): string | undefined {
  if (version === 'v2beta1') return firstParam(target, 'namespace')
  const [type] = both(target, 'type')
  return type === 'NAMESPACE' ? both(target, 'id')[0] : firstParam(target, 'namespace')
}

/** A list by experiment is in that experiment's namespace, which the server's database holds. */
function listNamespace(version: string, target: string, asked: string | undefined): string | undefined {
  const byExperiment =
    version === 'v2beta1'
      ? (firstParam(target, 'experiment_id') ?? '') !== ''
      : both(target, 'type')[0] === 'EXPERIMENT'
  return byExperiment ? undefined : (asked ?? '')
}

function both(target: string, field: 'type' | 'id'): readonly string[] {
  return ['resource_reference_key', 'resourceReferenceKey', 'resource_key']
    .map((name) => firstParam(target, `${name}.${field}`))
    .filter((value) => value !== undefined)
}

/** The namespace a new object names itself; one that is given by an experiment only is not known here. */
function bodyNamespace(version: string, resource: string, body: string | undefined): string | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body ?? '')
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const fields = parsed as Readonly<Record<string, unknown>>
  if (version === 'v2beta1') {
    const experiment = fields.experiment_id ?? fields.experimentId
    if (typeof experiment === 'string' && experiment !== '') return undefined
    const holder = (fields.pipeline ?? fields) as Readonly<Record<string, unknown>>
    if (typeof holder.namespace === 'string') return holder.namespace
    return resource === 'runs' ? undefined : ''
  }
  const references = fields.resource_references ?? fields.resourceReferences
  const keys = (Array.isArray(references) ? references : []).map(
    (one: { readonly key?: { readonly type?: unknown; readonly id?: unknown } } | null) => one?.key,
  )
  const own = keys.find((key) => key?.type === 'NAMESPACE')?.id
  if (typeof own === 'string') return own
  return keys.some((key) => key?.type === 'EXPERIMENT') ? undefined : ''
}
