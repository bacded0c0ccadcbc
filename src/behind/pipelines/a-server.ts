/** For tests: a Pipelines API with every default valid, and a short way to ask it. */
import type { PipelinesOptions } from './options.ts'
import { createPipelines } from './server.ts'

export const namespace = 'kubeflow-user-example-com'
export const user = 'user@example.com'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads fields and compares them
  readonly body: any
}

export interface AServer {
  /** `body` becomes JSON, unless it is already a body of its own kind. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>
  readonly close: () => void
  /** What the server logged: a test that expects nothing can look. */
  readonly logged: readonly string[]
}

/** The user is the owner of the namespace; time stands at noon of 2026-11-24 and moves a second a call. */
export function aServer(options: Partial<PipelinesOptions> = {}): AServer {
  const logged: string[] = []
  let now = Date.parse('2026-11-24T12:00:00Z')
  const pipelines = createPipelines({
    store: ':memory:',
    multiUser: true,
    userIdHeader: 'kubeflow-userid',
    userIdPrefix: '',
    tokenReview: async () => ({ authenticated: false, error: 'no tokens here' }),
    accessReview: async (asked) => ({ allowed: asked.user === user && asked.namespace === namespace }),
    release: '2.16.0',
    runOutcome: 'pending',
    clock: () => (now += 1000),
    log: (line) => logged.push(line),
    ...options,
  })
  return {
    logged,
    close: pipelines.close,
    async ask(method, path, body, headers = { 'kubeflow-userid': user }) {
      const raw = body instanceof FormData || typeof body === 'string'
      const request = new Request(`http://ml-pipeline.kubeflow:8888${path}`, {
        method,
        headers,
        body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      })
      const response = await pipelines.handle(request)
      const text = await response.text()
      const json = response.headers.get('content-type')?.includes('json')
      return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
    },
  }
}

/** The smallest pipeline there is, with one parameter of each fate. */
export const aSpec = {
  pipelineInfo: { name: 'iris' },
  schemaVersion: '2.1.0',
  sdkVersion: 'kfp-2.17.0',
  root: {
    dag: { tasks: {} },
    inputDefinitions: {
      parameters: {
        flower: { parameterType: 'STRING' },
        petals: { parameterType: 'NUMBER_INTEGER', defaultValue: 5 },
        fresh: { parameterType: 'BOOLEAN', isOptional: true },
      },
    },
  },
}

export const aWorkflow = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Workflow',
  metadata: { generateName: 'iris-' },
  spec: { entrypoint: 'iris', arguments: { parameters: [{ name: 'flower', value: 'iris' }] } },
}

export function anUpload(content: unknown, name = 'iris.yaml'): FormData {
  const form = new FormData()
  const bytes = content instanceof Uint8Array ? content : JSON.stringify(content)
  form.set('uploadfile', new File([bytes as BlobPart], name))
  return form
}

/** The id of a new experiment. */
export async function anExperiment(server: AServer, name = 'flowers'): Promise<string> {
  const { body } = await server.ask('POST', '/apis/v2beta1/experiments', { display_name: name, namespace })
  return body.experiment_id
}

/** The id of a new run of `aSpec`. */
export async function aRun(server: AServer, experimentId: string, name = 'run'): Promise<string> {
  const { body } = await server.ask('POST', '/apis/v2beta1/runs', {
    display_name: name,
    experiment_id: experimentId,
    pipeline_spec: aSpec,
    runtime_config: { parameters: { flower: 'rose' } },
  })
  return body.run_id
}
