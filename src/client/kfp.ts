import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../base/index.ts'
import type { DoorFetch } from './door-fetch.ts'
import { callJson, type JsonCall } from './json-call.ts'

/**
 * An experiment of Kubeflow Pipelines. This and the other answers below are API v2beta1 as it comes
 * (kubeflow/pipelines `backend/api/v2beta1/*.proto`): field names of the wire, times as RFC 3339 texts.
 */
export interface Experiment {
  readonly experiment_id: string
  readonly display_name: string
  readonly namespace?: string
  readonly created_at?: string
}
/** A pipeline that was uploaded; what it does is in its versions. */
export interface Pipeline {
  readonly pipeline_id: string
  readonly display_name: string
  readonly description?: string
  readonly namespace?: string
  readonly created_at?: string
}
/** One compiled form of a pipeline. */
export interface PipelineVersion {
  readonly pipeline_id: string
  readonly pipeline_version_id: string
  readonly display_name: string
  /** The compiled pipeline (PipelineSpec) as an object. */
  readonly pipeline_spec?: unknown
}
/**
 * `PENDING`, `RUNNING`, `SUCCEEDED`, `SKIPPED`, `FAILED`, `CANCELING`, `CANCELED`, `PAUSED`. A text and no union: a
 * newer server may know more.
 */
export type RunState = string
/** One run of a pipeline. */
export interface Run {
  readonly run_id: string
  readonly display_name: string
  readonly experiment_id: string
  readonly state?: RunState
  readonly created_at?: string
  readonly finished_at?: string
  readonly error?: { readonly message?: string }
  /** Oldest first. */
  readonly state_history?: readonly {
    readonly state: RunState
    readonly error?: { readonly message?: string }
  }[]
}
/** A schedule that makes runs. */
export interface RecurringRun {
  readonly recurring_run_id: string
  readonly display_name: string
  readonly status?: string
}
/** What the API server says of itself. */
export interface Health {
  readonly commit_sha?: string
  readonly tag_name?: string
  /** Whether it asks who calls, and in which namespace. */
  readonly multi_user?: boolean
}

/**
 * A run to make: of a pipeline that was uploaded (`pipelineId` with `pipelineVersionId`), or of a `pipelineSpec`.
 */
export interface NewRun {
  readonly displayName: string
  /** The server's default experiment without it, where it has one. */
  readonly experimentId?: string
  readonly pipelineId?: string
  readonly pipelineVersionId?: string
  /** A compiled pipeline, in place of one that was uploaded. */
  readonly pipelineSpec?: unknown
  /** By the names of the pipeline's inputs. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Whom the pods run as: a service account of the experiment's namespace. */
  readonly serviceAccount?: string
}

interface WithSignal {
  readonly signal?: AbortSignal
}
interface Listing extends WithSignal {
  /** A server for several users wants one where experiments and runs are listed, and answers 400 without. */
  readonly namespace?: string
  /** How many at most; default all, page by page. */
  readonly limit?: number
}

/**
 * Kubeflow Pipelines behind a door. Every method rejects with a Fault: `ERR_DOOR_REFUSED` (status and the
 * server's words), `ERR_HTML_ANSWER` (a page where data was expected), and what `DoorFetch` rejects with.
 *
 * @example
 * const { run_id } = await door.kfp.runs.create({ displayName: 'nightly', pipelineId, pipelineVersionId })
 * const run = await door.kfp.runs.wait(run_id, { onState: ({ state }) => console.log(state) })
 */
export interface KfpClient {
  health(options?: WithSignal): Promise<Health>
  readonly experiments: {
    list(options?: Listing): Promise<readonly Experiment[]>
    get(id: string, options?: WithSignal): Promise<Experiment>
    create(
      given: { readonly displayName: string; readonly namespace?: string },
      options?: WithSignal,
    ): Promise<Experiment>
  }
  readonly pipelines: {
    list(options?: Listing): Promise<readonly Pipeline[]>
    get(id: string, options?: WithSignal): Promise<Pipeline>
    versions(id: string, options?: WithSignal): Promise<readonly PipelineVersion[]>
    /**
     * A compiled pipeline becomes one with a first version. `file` is its bytes or text, `fileName` tells which
     * of `.yaml`, `.zip` and `.tar.gz` it is (default `pipeline.yaml`).
     *
     * @throws Fault ERR_USAGE for a file name of another kind
     *
     * @example
     * const { pipeline_id } = await door.kfp.pipelines.upload({ name: 'train', file: await readFile('train.yaml') })
     */
    upload(
      given: {
        readonly name: string
        readonly file: string | Uint8Array
        readonly fileName?: string
        readonly namespace?: string
      },
      options?: WithSignal,
    ): Promise<Pipeline>
  }
  readonly runs: {
    list(options?: Listing & { readonly experimentId?: string }): Promise<readonly Run[]>
    get(id: string, options?: WithSignal): Promise<Run>
    create(run: NewRun, options?: WithSignal): Promise<Run>
    /** Asks it to stop; it has stopped when `wait` says so. */
    terminate(id: string, options?: WithSignal): Promise<void>
    /**
     * Resolves the run once it has ended, well or not: look at `state`. It is asked every `everyMs` milliseconds
     * (default 2000), without an end but `signal`; `onState` hears every change.
     */
    wait(
      id: string,
      options?: WithSignal & { readonly everyMs?: number; readonly onState?: (run: Run) => void },
    ): Promise<Run>
  }
  readonly recurringRuns: { list(options?: Listing): Promise<readonly RecurringRun[]> }
  /**
   * Everything else of the API.
   *
   * @example
   * const jobs = await door.kfp.call<{ jobs?: unknown[] }>('/apis/v1beta1/jobs?page_size=10')
   */
  call<T>(path: string, call?: JsonCall): Promise<T>
}

const ended = new Set(['SUCCEEDED', 'SKIPPED', 'FAILED', 'CANCELED'])
const PAGE = 100

/**
 * A typed client of Kubeflow Pipelines behind a door. `base` is where its API lies: `/pipeline` of a
 * Kubeflow, `/` of an API server that is reached past the door.
 */
export function createKfp(fetch: DoorFetch, base: URL): KfpClient {
  const at = (path: string) => new URL(base.pathname.replace(/\/$/, '') + path, base)
  const call = <T>(path: string, given?: JsonCall) => callJson<T>(fetch, at(path), given)
  const v2 = '/apis/v2beta1'
  const id = encodeURIComponent

  async function list<T>(
    path: string,
    field: string,
    { limit = Number.POSITIVE_INFINITY, signal, ...query }: Listing & { experimentId?: string },
  ): Promise<T[]> {
    const found: T[] = []
    let page = ''
    do {
      const search = new URLSearchParams({ page_size: String(Math.min(PAGE, limit - found.length)) })
      if (page !== '') search.set('page_token', page)
      if (query.namespace !== undefined) search.set('namespace', query.namespace)
      if (query.experimentId !== undefined) search.set('experiment_id', query.experimentId)
      const answer = await call<Record<string, unknown> & { next_page_token?: string }>(
        `${v2}/${path}?${search}`,
        { signal },
      )
      // The one list whose field is in camel case.
      found.push(...((answer[field] ?? answer.recurringRuns ?? []) as T[]))
      page = answer.next_page_token ?? ''
    } while (page !== '' && found.length < limit)
    return found
  }

  const runs: KfpClient['runs'] = {
    list: (options = {}) => list('runs', 'runs', options),
    get: (run, options) => call(`${v2}/runs/${id(run)}`, options),
    create: (given, options) =>
      call(`${v2}/runs`, {
        ...options,
        method: 'POST',
        body: {
          display_name: given.displayName,
          experiment_id: given.experimentId,
          pipeline_spec: given.pipelineSpec,
          pipeline_version_reference:
            given.pipelineId === undefined
              ? undefined
              : { pipeline_id: given.pipelineId, pipeline_version_id: given.pipelineVersionId },
          runtime_config: given.parameters === undefined ? undefined : { parameters: given.parameters },
          service_account: given.serviceAccount,
        },
      }),
    terminate: async (run, options) => {
      await call(`${v2}/runs/${id(run)}:terminate`, { ...options, method: 'POST' })
    },
    async wait(run, { signal, everyMs = 2000, onState } = {}) {
      let before: RunState | undefined
      for (;;) {
        const now = await runs.get(run, { signal })
        if (now.state !== before) onState?.(now)
        before = now.state
        if (ended.has(now.state ?? '')) return now
        await sleep(everyMs, undefined, { signal })
      }
    },
  }

  return {
    health: (options) => call(`${v2}/healthz`, options),
    experiments: {
      list: (options = {}) => list('experiments', 'experiments', options),
      get: (experiment, options) => call(`${v2}/experiments/${id(experiment)}`, options),
      create: ({ displayName, namespace }, options) =>
        call(`${v2}/experiments`, {
          ...options,
          method: 'POST',
          body: { display_name: displayName, namespace },
        }),
    },
    pipelines: {
      list: (options = {}) => list('pipelines', 'pipelines', options),
      get: (pipeline, options) => call(`${v2}/pipelines/${id(pipeline)}`, options),
      versions: (pipeline, options = {}) =>
        list(`pipelines/${id(pipeline)}/versions`, 'pipeline_versions', options),
      upload: ({ name, file, fileName = 'pipeline.yaml', namespace }, options) => {
        if (!/\.(ya?ml|zip|tar\.gz)$/.test(fileName)) {
          throw new Fault('ERR_USAGE', {
            message: `\`${fileName}\` is not a compiled pipeline`,
            next: 'hand over a .yaml, .zip or .tar.gz',
          })
        }
        const form = new FormData()
        form.set('uploadfile', new Blob([file as BlobPart], { type: 'application/octet-stream' }), fileName)
        const query = new URLSearchParams({ name, ...(namespace === undefined ? {} : { namespace }) })
        return call(`${v2}/pipelines/upload?${query}`, { ...options, method: 'POST', form })
      },
    },
    runs,
    recurringRuns: { list: (options = {}) => list('recurringruns', 'recurring_runs', options) },
    call,
  }
}
