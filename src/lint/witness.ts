/** Requests that a mesh's routes take, made up from what the routes say. */
import type { HttpMatch, Mesh } from '../mesh/index.ts'

/** A host name that `*` and `*.example.com` stand for. */
export function sampleHost(pattern: string): string {
  const name = pattern.includes('/') ? pattern.slice(pattern.indexOf('/') + 1) : pattern
  if (name === '*') return 'kubeflow.example.com'
  return name.startsWith('*.') ? `any${name.slice(1)}` : name
}

/** A path one match takes; undefined = only a regular expression says so. */
export function pathOf(match: HttpMatch | undefined): string | undefined {
  const uri = match?.uri
  switch (uri?.kind) {
    case undefined:
    case 'none':
      return '/'
    case 'exact':
      return uri.text
    case 'prefix':
      return uri.text === '' ? '/' : uri.text
    case 'regex':
      return undefined
  }
}

/** Each host of the VirtualServices that gateways serve, with paths its routes take. */
export function hostsOf(mesh: Mesh): readonly { readonly host: string; readonly paths: readonly string[] }[] {
  const found = new Map<string, Set<string>>()
  for (const service of mesh.virtualServices) {
    if (service.gateways === undefined || service.gateways.every(({ value }) => value === 'mesh')) continue
    for (const { value } of service.hosts) {
      const host = sampleHost(value)
      const paths = found.get(host) ?? new Set()
      found.set(host, paths)
      for (const route of service.http) {
        for (const match of route.match ?? [undefined]) {
          const path = pathOf(match)
          if (path !== undefined) paths.add(path)
        }
      }
    }
  }
  return [...found].map(([host, paths]) => ({ host, paths: [...paths] }))
}
