import { experimentRoutes } from './experiments.ts'
import { pipelineRoutes } from './pipelines.ts'
import { recurringRunRoutes } from './recurring-runs.ts'
import { runRoutes } from './runs.ts'
import type { Route } from './service.ts'
import { versionRoutes } from './versions.ts'

const routes: readonly Route[] = [
  ...experimentRoutes,
  ...pipelineRoutes,
  ...versionRoutes,
  ...runRoutes,
  ...recurringRunRoutes,
]

/** `/runs/{id}:archive` → a pattern whose groups are the parameters, one path segment each. */
function compile(path: string): RegExp {
  const pattern = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>[^/]+?)`)
  return new RegExp(`^${pattern}$`)
}

const compiled = routes.map((route) => ({
  route,
  pattern: compile(route.path),
  // A fixed path goes before one with a parameter, and a verb before none.
  rank: (route.path.match(/\{/g)?.length ?? 0) * 2 - Number(route.path.includes('}:')),
}))
compiled.sort((a, b) => a.rank - b.rank)

export interface Match {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** The route of a request; 'method' when the path is known by other methods only. */
export function matchRoute(method: string, path: string): Match | 'method' | undefined {
  let known = false
  for (const { route, pattern } of compiled) {
    const match = pattern.exec(path)
    if (!match) continue
    known = true
    if (route.method !== method) continue
    const params: Record<string, string> = {}
    for (const [name, value] of Object.entries(match.groups ?? {})) {
      try {
        params[name] = decodeURIComponent(value)
      } catch {
        return undefined
      }
    }
    return { route, params }
  }
  return known ? 'method' : undefined
}
