/** What a route adds to the headers of an answer. */
import type { Attributes } from './attributes.ts'
import { chosenTarget } from './choose-target.ts'
import type { Context, HeaderList } from './decision.ts'
import { changeHeaders, joinChanges, mixChanges } from './header-changes.ts'
import {
  type ForwardAction,
  type HeaderChanges,
  noChanges,
  type Route,
  type WeightedTarget,
} from './route.ts'
import type { Found } from './route-table.ts'

/**
 * What the route adds to any answer the proxy itself gives, once a route is chosen that forwards:
 * envoy `source/common/http/filter_manager.cc` (sendLocalReplyViaFilterChain).
 */
export function routeHeaders(found: Found, attributes: Attributes, context: Context): HeaderList {
  if (found.kind !== 'route' || found.route.action.kind !== 'forward') return []
  const { route } = found
  const { action } = found.route
  const changes = responseChanges(route, action, chosenTarget(route, action, context))
  return changes === noChanges ? [] : changeHeaders([], changes, () => attributes)
}

/** The filter's own headers come after the route's and win; a type that nobody chose does not. */
export function underRoute(
  { headers, body }: { readonly headers: HeaderList; readonly body: string },
  routed: HeaderList,
): HeaderList {
  if (routed.length === 0) return headers
  const typed = routed.some(([name]) => name === 'content-type')
  const own = headers.filter(([name, value]) => !(typed && name === 'content-type' && value === 'text/plain'))
  const names = new Set(own.map(([name]) => name))
  const kept = routed.filter(([name]) => !names.has(name) && (body !== '' || name !== 'content-type'))
  return [...own, ...kept]
}

export function responseChanges(
  route: Route,
  { weighted }: ForwardAction,
  chosen: WeightedTarget | undefined,
): HeaderChanges {
  if (chosen === undefined) return route.response
  return weighted ? joinChanges(chosen.response, route.response) : mixChanges(route.response, chosen.response)
}
