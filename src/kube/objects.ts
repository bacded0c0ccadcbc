import { type ApiAnswer, type ApiRequest, type KubeApi, messageOf, refusal } from './api.ts'
import { type KubeObject, pathOf, type Resource } from './resources.ts'

export interface ObjectRef {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/** What became of a write. Only `unknown` leaves open whether it happened. */
export type Written =
  | { readonly kind: 'done'; readonly object: KubeObject | undefined }
  /** 409, or 404 of what was to be replaced: the object is not what the precondition says. */
  | { readonly kind: 'moved'; readonly reason: string }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** The connection broke, or the server failed: it may be written, or be written a moment from now. */
  | {
      readonly kind: 'unknown'
      /** undefined = there was no answer. */
      readonly status?: number
      readonly reason: string
    }

export type Read =
  | { readonly kind: 'found'; readonly object: KubeObject }
  | { readonly kind: 'absent' }
  | { readonly kind: 'no-such-kind' }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }

export interface WriteOptions {
  /** Asked of the server in earnest, with admission and validation, and not kept. */
  readonly dryRun?: boolean
  /** A field no schema knows is an error instead of being dropped. */
  readonly strict?: boolean
}

/** One right at the API server, as RBAC names it. */
export interface Right {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

/**
 * Single objects of one API server. Every write has a precondition: `create` that there is none of the
 * name, `replace` and `remove` the resourceVersion. Managed fields name `kfdoor` as their manager.
 */
export interface KubeObjects {
  /** undefined = the cluster does not serve it. @throws Fault ERR_DOOR_UNREACHABLE, ERR_CLUSTER_REFUSED */
  resource(ref: Pick<ObjectRef, 'apiVersion' | 'kind'>): Promise<Resource | undefined>
  /** @throws Fault ERR_DOOR_UNREACHABLE */
  read(ref: ObjectRef): Promise<Read>
  create(object: KubeObject, options?: WriteOptions): Promise<Written>
  /**
   * Server-side apply without force: what `fields` says, and no field of another manager. Its `resourceVersion` is the
   * precondition; without one, that there is no object of the name.
   */
  apply(fields: KubeObject, options?: WriteOptions): Promise<Written>
  /** `object.metadata.resourceVersion` is the precondition. */
  replace(object: KubeObject, options?: WriteOptions): Promise<Written>
  remove(
    ref: ObjectRef,
    only: { readonly uid: string; readonly resourceVersion?: string },
    options?: WriteOptions,
  ): Promise<Written>
  /** The object each time it changes after `resourceVersion`, until `signal` or the server ends it. */
  watch(ref: ObjectRef, resourceVersion: string, signal: AbortSignal): AsyncIterable<KubeObject>
  /** Those of the rights one has not. @throws Fault ERR_DOOR_UNREACHABLE, ERR_CLUSTER_REFUSED */
  missing(rights: readonly Right[]): Promise<readonly Right[]>
}

const fieldManager = 'kfdoor'

/**
 * No object has this version. An apply that names a version conflicts with an object of another, and asks for none
 * where there is no object; so with this one it makes what is absent and never touches what is there.
 */
const absent = '9223372036854775807'

export function openObjects(api: KubeApi, request: Pick<ApiRequest, 'as' | 'signal'> = {}): KubeObjects {
  const served = new Map<string, Promise<readonly Resource[]>>()

  const resource: KubeObjects['resource'] = async ({ apiVersion, kind }) => {
    const known = served.get(apiVersion) ?? resourcesOf(api, apiVersion, request)
    served.set(apiVersion, known)
    return (await known).find((each) => each.kind === kind)
  }
  const place = async (ref: ObjectRef, name?: string): Promise<string | undefined> => {
    const found = await resource(ref)
    return found && pathOf(found, found.namespaced ? (ref.namespace ?? 'default') : undefined, name)
  }
  const write = async (
    method: string,
    path: string | undefined,
    content: unknown,
    query: string,
    contentType = 'application/json',
  ): Promise<Written> => {
    if (path === undefined)
      return { kind: 'refused', status: 404, reason: 'the cluster has no objects of this kind' }
    try {
      return outcome(
        await api.call(query === '' ? path : `${path}?${query}`, {
          ...request,
          method,
          content,
          contentType,
        }),
      )
    } catch (error) {
      return { kind: 'unknown', reason: (error as Error).message }
    }
  }
  return {
    resource,
    async read(ref) {
      const path = await place(ref, ref.name)
      if (path === undefined) return { kind: 'no-such-kind' }
      const answer = await api.call(path, request)
      if (answer.status === 200) return { kind: 'found', object: answer.body as KubeObject }
      if (answer.status === 404) return { kind: 'absent' }
      return { kind: 'refused', status: answer.status, reason: messageOf(answer) }
    },
    create: async (object, options) => write('POST', await place(refOf(object)), object, queryOf(options)),
    async apply(fields, options) {
      const path = await place(refOf(fields), refOf(fields).name)
      const metadata = { resourceVersion: absent, ...(fields.metadata as object) }
      const content = JSON.stringify({ ...fields, metadata })
      return write('PATCH', path, content, queryOf(options), 'application/apply-patch+yaml')
    },
    replace: async (object, options) =>
      write('PUT', await place(refOf(object), refOf(object).name), object, queryOf(options)),
    async remove(ref, preconditions, { dryRun = false } = {}) {
      // All in the body: the API server reads no query of a DELETE that has one.
      const content = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions,
        propagationPolicy: 'Background',
        ...(dryRun && { dryRun: ['All'] }),
      }
      const done = await write('DELETE', await place(ref, ref.name), content, '')
      return done.kind === 'done' ? { kind: 'done', object: undefined } : done
    },
    async *watch(ref, resourceVersion, signal) {
      const path = await place(ref)
      if (path === undefined) return
      const query = new URLSearchParams({
        watch: 'true',
        fieldSelector: `metadata.name=${ref.name}`,
        resourceVersion,
      })
      for await (const line of api.lines(`${path}?${query}`, { ...request, signal })) {
        const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: KubeObject }
        if (type === 'ADDED' || type === 'MODIFIED') yield object
        // Deleted, or the version is too old to watch from: whoever watches looks again.
        else return
      }
    },
    async missing(rights) {
      const answers = await Promise.all(rights.map((right) => mayI(api, right, request)))
      return rights.filter((_, index) => answers[index] !== true)
    },
  }
}

function refOf(object: KubeObject): ObjectRef {
  const { name = '', namespace } = (object.metadata ?? {}) as Partial<ObjectRef>
  return {
    apiVersion: String(object.apiVersion),
    kind: String(object.kind),
    ...(namespace !== undefined && { namespace }),
    name,
  }
}

const queryOf = ({ dryRun = false, strict = false }: WriteOptions = {}) =>
  `fieldManager=${fieldManager}${strict ? '&fieldValidation=Strict' : ''}${dryRun ? '&dryRun=All' : ''}`

function outcome(answer: ApiAnswer): Written {
  const { status } = answer
  if (status >= 200 && status < 300) return { kind: 'done', object: answer.body as KubeObject }
  const reason = messageOf(answer)
  // A 404 of a POST is its namespace or its kind.
  if (status === 409 || (status === 404 && /\bnot found\b/.test(reason) && !/^namespaces /.test(reason)))
    return { kind: 'moved', reason }
  if (status >= 500) return { kind: 'unknown', status, reason }
  return { kind: 'refused', status, reason }
}

async function resourcesOf(
  api: KubeApi,
  apiVersion: string,
  request: ApiRequest,
): Promise<readonly Resource[]> {
  const slash = apiVersion.indexOf('/')
  const [group, version] =
    slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
  const answer = await api.call(slash < 0 ? `/api/${apiVersion}` : `/apis/${apiVersion}`, request)
  const { status, body } = answer
  if (status === 404) return []
  if (status !== 200) throw refusal(api, answer)
  const { resources = [] } = body as {
    readonly resources?: readonly {
      readonly kind: string
      readonly name: string
      readonly namespaced: boolean
    }[]
  }
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ kind, name, namespaced }) => ({ group, version, kind, plural: name, namespaced }))
}

/** Whether the caller has a right, in the API server's own judgement; false where it does not say. */
async function mayI(api: KubeApi, right: Right, request: ApiRequest): Promise<boolean> {
  const answer = await api.call('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    ...request,
    method: 'POST',
    content: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: right },
    },
  })
  if (answer.status === 401) throw refusal(api, answer)
  const { status } = answer.body as { readonly status?: { readonly allowed?: boolean } }
  return answer.status === 201 && status?.allowed === true
}
