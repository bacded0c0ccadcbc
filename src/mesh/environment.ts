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
    sourceOf(mesh, workload, kind, name)?.data ?? {}
  const environment: Record<string, string> = {}
  for (const { kind, name } of container.envFrom) Object.assign(environment, dataOf(kind, name))
  Object.assign(environment, container.env)
  for (const [variable, { kind, name, key }] of Object.entries(container.envRefs)) {
    const value = dataOf(kind, name)[key]
    if (value !== undefined) environment[variable] = value
  }
  return environment
}

/**
 * Whether a variable may come from a Secret that is not in the YAML: that it is set can be told then, and to
 * what cannot. A snapshot has no Secrets.
 */
export function isSetElsewhere(
  mesh: Pick<Mesh, 'configMaps' | 'secrets'>,
  workload: Workload,
  container: Workload['containers'][number],
  variable: string,
): boolean {
  const missing = ({ kind, name }: { readonly kind: 'configMap' | 'secret'; readonly name: string }) =>
    kind === 'secret' && sourceOf(mesh, workload, kind, name) === undefined
  const own = container.envRefs[variable]
  return own === undefined ? container.envFrom.some(missing) : missing(own)
}

function sourceOf(
  mesh: Pick<Mesh, 'configMaps' | 'secrets'>,
  { namespace }: Workload,
  kind: 'configMap' | 'secret',
  name: string,
): Mesh['configMaps'][number] | Mesh['secrets'][number] | undefined {
  const all = kind === 'configMap' ? mesh.configMaps : mesh.secrets
  return all.find((one) => one.namespace === namespace && one.name === name)
}
