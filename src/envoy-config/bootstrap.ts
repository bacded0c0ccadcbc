import type { Json } from './json.ts'

/** What an Envoy starts with. Without `admin` nobody can ask it anything. */
export function bootstrap(listeners: readonly Json[], clusters: readonly Json[], id = 'kfdoor'): Json {
  return { node: { id, cluster: id }, staticResources: { clusters, listeners } }
}
