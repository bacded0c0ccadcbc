/** Hosts of Gateways and short names, resolved as Istio does. */
import { isSubsetOf } from '../mesh/index.ts'
import { parseAddress } from './cidr.ts'

/** Of every pair that has a name in common, the more specific one; in the order of `left`. */
export function intersection(left: readonly string[], right: readonly string[]): readonly string[] {
  const result: string[] = []
  for (const a of left) {
    for (const b of right) {
      const common = isSubsetOf(a, b) ? a : isSubsetOf(b, a) ? b : undefined
      if (common !== undefined && !result.includes(common)) result.push(common)
    }
  }
  return result
}

/** The hosts a server offers to one namespace: `ns/host` only to `ns`, the rest to all. */
export function hostsForNamespace(hosts: readonly string[], namespace: string): readonly string[] {
  const result: string[] = []
  for (const host of hosts) {
    const slash = host.indexOf('/')
    if (slash === -1) result.push(host)
    else if (host.slice(0, slash) === namespace || host.startsWith('*/')) result.push(host.slice(slash + 1))
  }
  return result
}

/** `./host` → `ns/host`, `*` + `/host` → `host`; a server with `*` + `/*` offers only `*`. */
export function serverHosts(hosts: readonly string[], namespace: string): readonly string[] {
  const result: string[] = []
  for (const host of hosts) {
    const slash = host.indexOf('/')
    const [scope, name] = slash === -1 ? ['', host] : [host.slice(0, slash), host.slice(slash + 1)]
    if (scope === '.') result.push(`${namespace}/${name}`)
    else if (scope === '*' && name === '*') return ['*']
    else result.push(scope === '*' ? name : host)
  }
  return result
}

/** `name` → `name.namespace.svc.cluster.local`; an address, or anything with a dot or a star, is taken as written. */
export function resolveShortName(host: string, namespace: string): string {
  return host === '' || host.includes('.') || host.startsWith('*') || parseAddress(host) !== undefined
    ? host
    : `${host}.${namespace}.svc.cluster.local`
}
