/** An InferenceService as it is applied. */
export interface AppliedModel {
  readonly namespace: string
  readonly name: string
  readonly raw: unknown
}

export interface ModelsAppOptions {
  readonly models: () => readonly AppliedModel[]
  /** `kubeflow-userid` in Kubeflow. */
  readonly userHeader: string
  /** Whether somebody may look into a namespace. */
  readonly maySee: (user: string, namespace: string) => boolean
}

/**
 * The one question programs ask of Kubeflow's models web app: `GET /api/namespaces/NS/inferenceservices`,
 * in the words of its backend (kubeflow/kubeflow, `crud_backend/api`). There are no pages.
 */
export function createModelsApp(options: ModelsAppOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    const user = request.headers.get(options.userHeader) ?? ''
    const answer = (status: number, more: Record<string, unknown>) =>
      Response.json({ ...more, success: status === 200, status, user: user || null }, { status })
    const [, namespace] =
      /^\/api\/namespaces\/([^/]+)\/inferenceservices\/?$/.exec(new URL(request.url).pathname) ?? []
    if (namespace === undefined || request.method !== 'GET')
      return answer(404, { log: 'The requested resource could not be found.' })
    if (user === '') return answer(401, { log: 'No user detected.' })
    if (!options.maySee(user, namespace)) {
      const log = `User '${user}' is not authorized to list serving.kserve.io/v1beta1/inferenceservices for namespace: '${namespace}'`
      return answer(403, { log })
    }
    const inferenceServices = options
      .models()
      .flatMap((one) => (one.namespace === namespace ? [one.raw] : []))
    return answer(200, { inferenceServices })
  }
}
