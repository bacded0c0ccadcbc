/** What the chosen route does once every filter has let the request pass. */
import type { Attributes } from './attributes.ts'
import { applyCors } from './cors.ts'
import type { Context, Decision, HeaderList } from './decision.ts'
import { applyFault } from './fault-injection.ts'
import { forward } from './forward-request.ts'
import { changeHeaders } from './header-changes.ts'
import { fitted, withDownstream } from './own-reply.ts'
import { httpsLocation, redirectLocation } from './redirect.ts'
import { type HeaderChanges, noChanges, type RedirectAction } from './route.ts'
import { routeHeaders } from './route-headers.ts'
import type { Found } from './route-table.ts'
import type { FilterPass, NormalizedRequest } from './seam.ts'
import { note, noteRoute, serverStep, type Trail } from './trail.ts'

/** What the chosen route does: fault, CORS, then its action. */
export function act(
  found: Found,
  request: NormalizedRequest,
  attributes: Attributes,
  passed: FilterPass,
  context: Context,
  trail: Trail,
): Decision {
  const answer = (
    status: number,
    headers: HeaderList,
    body: string,
    reason: string,
    changes: HeaderChanges = noChanges,
  ) => {
    const type: HeaderList = body === '' ? [] : [['content-type', 'text/plain']]
    const all = changeHeaders([...type, ...headers], changes, () => attributes)
    return fitted({ status, headers: withDownstream(all, passed), body }, reason, request, trail, passed)
  }
  if (found.kind === 'none') {
    const domain = found.host?.domain
    const reason = found.host === undefined ? 'no-virtual-host' : 'no-route'
    const text = domain === undefined ? undefined : `no route of virtual host \`${domain}\` takes it`
    note(trail, { phase: 'route', outcome: 'missed', reason, text })
    return answer(404, [], '', reason)
  }
  if (found.kind === 'to-https') {
    note(trail, { ...serverStep(found.by), phase: 'route', outcome: 'matched', reason: 'https-redirect' })
    return answer(301, [['location', httpsLocation(request.host, request.path)]], '', 'https-redirect')
  }
  const { route } = found
  noteRoute(trail, route, 'route-matched')
  const fault = applyFault(route, context)
  if (fault.abort !== undefined) {
    noteRoute(trail, route, 'fault-abort', 'fault')
    const headers = routeHeaders(found, attributes, context)
    return answer(fault.abort, headers, 'fault filter abort', 'fault-abort')
  }
  const cors = route.cors === undefined ? undefined : applyCors(route.cors, attributes)
  if (cors?.kind === 'preflight') {
    noteRoute(trail, route, 'cors-preflight', 'cors')
    return answer(200, cors.headers, '', 'cors-preflight')
  }
  const { action } = route
  const corsHeaders = cors?.headers ?? []
  switch (action.kind) {
    case 'none':
      return answer(404, corsHeaders, '', 'redirect-code-unknown')
    case 'direct': {
      const { status } = action
      const own: HeaderList = saysWhere(status)
        ? [['location', redirectLocation(route, unmoved, attributes, request.forwardedProto)]]
        : []
      return answer(status, [...own, ...corsHeaders], action.body, 'direct-response', route.response)
    }
    case 'redirect': {
      const location = redirectLocation(route, action, attributes, request.forwardedProto)
      return answer(
        action.status,
        [['location', location], ...corsHeaders],
        '',
        'route-redirect',
        route.response,
      )
    }
    case 'forward':
      return forward(route, action, request, attributes, passed, corsHeaders, fault.delayMs, context, trail)
  }
}

/** Envoy's router tells the request's own URL in a direct response of such a status (router.cc, decodeHeaders). */
const saysWhere = (status: number) => status === 201 || (status >= 300 && status < 400)
const unmoved: RedirectAction = { kind: 'redirect', status: 301, port: 0 }
