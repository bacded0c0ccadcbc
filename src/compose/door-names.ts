import type { Mesh } from '../mesh/index.ts'
import { gatewayName } from '../policy/index.ts'
import type { MeshListener } from './listeners.ts'

/** By which names people on this machine reach a door. */
const always = ['localhost', '127.0.0.1', '::1', 'kubeflow.example.com']

/**
 * Every name the door's certificate has to hold: this machine's, those the user gave, the hosts of
 * its TLS servers and of what is routed through them. Names inside a cluster are left out.
 */
export function namesOfDoor(
  mesh: Mesh,
  listeners: readonly MeshListener[],
  given: readonly string[],
): readonly string[] {
  const servers = listeners.filter(({ tls }) => tls).flatMap((listener) => listener.servers)
  const hosts = servers.flatMap(({ server }) =>
    server.hosts.map(({ value }) => value.split('/').at(-1) as string),
  )
  const gateways = new Set(servers.map(({ gateway }) => `${gateway.namespace}/${gateway.name}`))
  const routed = mesh.virtualServices
    .filter((service) =>
      service.gateways?.some(({ value }) => gateways.has(gatewayName(value, service.namespace))),
    )
    .flatMap((service) => service.hosts.map(({ value }) => value))
  const names = new Set<string>([...always, ...given])
  for (const host of [...hosts, ...routed]) if (isPublicName(host)) names.add(host)
  return [...names]
}

function isPublicName(host: string): boolean {
  const labels = host.replace(/^\*\./, '').split('.')
  if (labels.length < 2 || host.includes('*', 1) || host === '*') return false
  return (
    !/(^|\.)svc(\.cluster\.local)?$/.test(host) &&
    /^[a-z0-9*]([a-z0-9.-]*[a-z0-9])?$/i.test(host) &&
    !/^[a-z0-9-]+\.[a-z0-9-]*-[a-z0-9-]+$/.test(host)
  )
}
