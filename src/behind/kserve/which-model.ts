/** One InferenceService, as far as a name in the mesh tells. */
export interface Deployed {
  readonly namespace: string
  readonly name: string
}

/**
 * The InferenceService a Host header means, undefined for a host that names none (`127.0.0.1:9000`).
 *
 * - `NAME-predictor.NS…`, `NAME-predictor-default.NS…` (KServe ≤ 0.8): the predictor itself
 * - `NAME.NS…`: the service in front of it, with any domain (`svc.cluster.local`, `example.com`)
 * - `NAME-NS.DOMAIN`, `NAME-predictor-NS.DOMAIN`: raw deployments
 */
export function deployedAt<D extends Deployed>(host: string, all: readonly D[]): D | undefined {
  const [first = '', second] = host.toLowerCase().replace(/:\d+$/, '').split('.')
  if (second === undefined) return undefined
  const predictors = (name: string) => [name, `${name}-predictor`, `${name}-predictor-default`]
  return (
    all.find(({ namespace, name }) => second === namespace && predictors(name).includes(first)) ??
    all.find(({ namespace, name }) => predictors(name).some((each) => first === `${each}-${namespace}`))
  )
}
