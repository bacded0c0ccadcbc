/**
 * Names of things in a mesh, as people write them: `ml-pipeline.kubeflow`,
 * `ml-pipeline.kubeflow.svc`, `ml-pipeline.kubeflow.svc.cluster.local`, with or without a port.
 */
export interface MeshName {
  readonly service: string
  readonly namespace: string
  readonly port?: number
}

/** Names come from YAML, and as Host from anybody: what is remembered is bounded. */
const known = new Map<string, MeshName | undefined>()
const REMEMBERED = 1024

/** Undefined for anything that is not a Service's name, such as `example.com` with more labels. */
export function parseMeshName(text: string): MeshName | undefined {
  const before = known.get(text)
  if (before !== undefined || known.has(text)) return before
  const name = readMeshName(text)
  if (known.size >= REMEMBERED) known.clear()
  if (text.length < 256) known.set(text, name)
  return name
}

function readMeshName(text: string): MeshName | undefined {
  const [host = '', port] = text.split(':')
  const [service, namespace, svc, ...domain] = host.split('.')
  if (!service || !namespace) return undefined
  if (svc !== undefined && svc !== 'svc') return undefined
  if (domain.length > 0 && domain.join('.') !== 'cluster.local') return undefined
  return { service, namespace, ...(port === undefined ? {} : { port: Number(port) }) }
}

/** `service.namespace`, the key everything is looked up by. */
export const shortName = (name: MeshName): string => `${name.service}.${name.namespace}`
