import type { Mesh, Workload } from './model.ts'

/**
 * The environment a container would be started with, as far as its ConfigMaps and Secrets are in
 * the mesh: `envFrom` first, then `env` over it (Kubernetes, container environment variables).
 */
export function containerEnvironment(
  mesh: Pick<Mesh, 'configMaps' | 'secrets'>,
  workload: Workload,
  container: Workload['containers'][number],
): Readonly<Record<string, string>> {
  const dataOf = (kind: 'configMap' | 'secret', name: string) =>
    (kind === 'configMap' ? mesh.configMaps : mesh.secrets).find(
      (one) => one.namespace === workload.namespace && one.name === name,
    )?.data ?? {}
  const environment: Record<string, string> = {}
  for (const { kind, name } of container.envFrom) Object.assign(environment, dataOf(kind, name))
  Object.assign(environment, container.env)
  for (const [variable, { kind, name, key }] of Object.entries(container.envRefs)) {
    const value = dataOf(kind, name)[key]
    if (value !== undefined) environment[variable] = value
  }
  return environment
}
