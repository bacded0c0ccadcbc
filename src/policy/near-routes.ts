/** Why no route took a request, for people: what would have but for one thing, or but for another host. */
import type { Attributes, Claims } from './attributes.ts'
import type { Step } from './decision.ts'
import type { Route } from './route.ts'
import { matchesPath, matchesRoute } from './route-match.ts'
import type { RouteTable, VirtualHost } from './route-table.ts'

/** More would only hide the one that matters. */
const most = 3

/** `host` is the virtual host the request came to, which has no route for it; undefined = there was none. */
export function nearRoutes(
  table: RouteTable,
  host: VirtualHost | undefined,
  attributes: Attributes,
  claims: Claims | undefined,
): readonly Omit<Step, 'hop'>[] {
  if (host === undefined) return []
  return [...butForOne(host, attributes, claims), ...hidden(table, host, attributes, claims)].slice(0, most)
}

/** The path fits, and all that is asked besides but one thing. */
function butForOne(
  host: VirtualHost,
  attributes: Attributes,
  claims: Claims | undefined,
): readonly Omit<Step, 'hop'>[] {
  return host.routes.flatMap((route) => {
    if (!matchesPath(route.path, attributes.path)) return []
    const failing = route.tests.filter((test) => !test.test(attributes, claims))
    const [only] = failing
    if (only === undefined || failing.length > 1) return []
    return [near(route, 'near-miss-route', `would have taken it but for \`${only.field}\``)]
  })
}

/** The virtual host hides others: only the most specific one is looked at. */
function hidden(
  table: RouteTable,
  host: VirtualHost,
  attributes: Attributes,
  claims: Claims | undefined,
): readonly Omit<Step, 'hop'>[] {
  const wider = [...table.suffixes.map(([, wild]) => wild), ...(table.any === undefined ? [] : [table.any])]
  const below = wider.filter(
    (other) =>
      other.domain.length < host.domain.length &&
      (other.domain === '*' || host.domain.endsWith(other.domain.slice(1))),
  )
  for (const other of below) {
    const route = other.routes.find((each) => matchesRoute(each, attributes, claims))
    if (route !== undefined) {
      const text = `would have taken it, but virtual host \`${host.domain}\` hides \`${other.domain}\``
      return [near(route, 'hidden-by-host', text)]
    }
  }
  return []
}

function near(route: Route, reason: string, text: string): Omit<Step, 'hop'> {
  const { object, rule, at } = route
  return { phase: 'route', object, rule, at, outcome: 'near-miss', reason, text }
}
