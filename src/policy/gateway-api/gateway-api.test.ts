/** Gateway API objects, from YAML to what the workload or the client gets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, meshOf } from '../builders.test.ts'
import type { DoorRequest } from '../decision.ts'
import { compileDoor } from '../door.ts'

const service = (name: string, namespace: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ports: [{ port: 80 }] }
---`
const world = `
apiVersion: v1
kind: Namespace
metadata: { name: apps, labels: { team: a } }
---
apiVersion: v1
kind: Service
metadata: { name: gw-istio, namespace: infra }
spec: { selector: { gateway.networking.k8s.io/gateway-name: gw }, ports: [{ port: 80 }] }
---${service('one', 'apps')}${service('two', 'apps')}${service('one', 'other')}`

function gateway(more: string, listeners = 'from: All'): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw, namespace: infra }
spec: { gatewayClassName: istio, listeners: [{ name: l, port: 80, protocol: HTTP ${more}, allowedRoutes: { namespaces: { ${listeners} } } }] }
---`
}
const anyRoute = gateway('')

function route(
  rules: string,
  more: { name?: string; hosts?: string; namespace?: string; parent?: string } = {},
): string {
  const { name = 'r', hosts = '[]', namespace = 'apps', parent = '' } = more
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: ${namespace} }
spec: { parentRefs: [{ name: gw, namespace: infra ${parent} }], hostnames: ${hosts}, rules: ${rules} }
---`
}
const to = (name: string, more = '') => `backendRefs: [{ name: ${name}, port: 80 ${more} }]`
const at = (path: string, type = 'PathPrefix') => `matches: [{ path: { type: ${type}, value: ${path} } }]`
const grant = (more = '') => `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: g, namespace: other }
spec: { from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: apps }], to: [{ group: "", kind: Service ${more} }] }
---`

function told(yaml: string, request: Partial<DoorRequest> = {}): string {
  const door = compileDoor(meshOf(world + yaml))
  const proxy = door.gateway({ namespace: 'infra' })
  const decision = door.decide(proxy, aDoorRequest({ host: 'shop.test', port: 80, ...request }), aContext())
  switch (decision.kind) {
    case 'forward':
      return `${decision.destination.host.split('.').slice(0, 2).join('.')} ${decision.path}`
    case 'reply':
      return [
        decision.status,
        ...decision.headers.filter(([name]) => name === 'location').map(([, to]) => to),
      ].join(' ')
    case 'drop':
      return decision.error
    default:
      return decision.kind
  }
}

const rows: readonly (readonly [yaml: string, request: Partial<DoorRequest>, want: string, why: string])[] = [
  [anyRoute + route(`[{ ${to('one')} }]`), {}, 'one.apps /', 'a rule without matches takes everything'],
  [anyRoute + route(`[{ ${at('/foo/')}, ${to('one')} }]`), { path: '/foo' }, 'one.apps /foo', 'a slash at the end does not count'],
  [anyRoute + route(`[{ ${at('/foo')}, ${to('one')} }]`), { path: '/foobar' }, '404', 'prefixes end at a slash'],
  [anyRoute + route(`[{ ${at('/')}, ${to('one')} }, { ${at('/foo', 'Exact')}, ${to('two')} }]`), { path: '/foo' }, 'two.apps /foo', 'exact paths first'],
  [anyRoute + route(`[{ ${at('/foo.*', 'RegularExpression')}, ${to('one')} }, { ${at('/f')}, ${to('two')} }, { ${at('/')}, ${to('two')} }]`), { path: '/foox' }, 'two.apps /foox', 'expressions after prefixes'],
  [anyRoute + route(`[{ ${to('one')} }]`, { name: 'z' }) + route(`[{ matches: [{ method: POST }], ${to('two')} }]`), { method: 'POST' }, 'two.apps /', 'rules of several routes are put in order together'],
  [anyRoute + route(`[{ matches: [{ headers: [{ name: x-a, value: "1" }, { name: X-A, value: "2" }] }], ${to('one')} }]`), { headers: [['x-a', '1'], ['x-a', '2']] }, 'one.apps /', 'two spellings of a header both have to match'],
  [gateway(', hostname: "*.test"') + route(`[{ ${to('one')} }]`, { hosts: '[shop.test]' }), {}, 'one.apps /', 'the host both name'],
  [gateway(', hostname: "*.test"') + route(`[{ ${to('one')} }]`, { hosts: '[shop.other]' }), {}, '404', 'a host the listener does not have'],
  [gateway('', 'from: Same') + route(`[{ ${to('one')} }]`), {}, '404', 'routes of other namespaces are not taken'],
  [gateway('', 'from: Selector, selector: { matchLabels: { team: a } }') + route(`[{ ${to('one')} }]`), {}, 'one.apps /', 'or some'],
  [gateway('', 'from: Selector, selector: { matchExpressions: [{ key: team, operator: NotIn, values: [a] }] }') + route(`[{ ${to('one')} }]`), {}, '404', 'or none'],
  [anyRoute + route(`[{ ${to('one')} }]`, { parent: ', sectionName: x' }), {}, '404', 'another section'],
  [anyRoute + route(`[{ ${to('one')} }]`, { parent: ', port: 81' }), {}, '404', 'another port'],
  [anyRoute + route('[{ backendRefs: [] }]'), {}, '500', 'nowhere to go'],
  [anyRoute + route(`[{ ${to('none')} }]`), {}, '500', 'a Service that is not there'],
  [anyRoute + route(`[{ ${to('one', ', namespace: other')} }]`), {}, '500', 'another namespace without a grant'],
  [anyRoute + grant() + route(`[{ ${to('one', ', namespace: other')} }]`), {}, 'one.other /', 'with one'],
  [anyRoute + grant(', name: two') + route(`[{ ${to('one', ', namespace: other')} }]`), {}, '500', 'with one for something else'],
  [anyRoute + route(`[{ filters: [{ type: RequestRedirect, requestRedirect: { hostname: new.test } }] }]`), { path: '/x?q' }, '302 http://new.test/x?q', 'a redirect'],
  [anyRoute + route(`[{ ${at('/foo')}, filters: [{ type: RequestRedirect, requestRedirect: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /bar } } }] }]`), { path: '/foo/x' }, '302 http://shop.test/bar/x', 'to another prefix'],
  [anyRoute + route(`[{ ${at('/foo')}, filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }], ${to('one')} }]`), { path: '/foo/x' }, 'one.apps /x', 'no double slash'],
  [anyRoute + route(`[{ filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /n } } }], ${to('one')} }]`), { path: '/foo?q' }, 'one.apps /n?q', 'the whole path'],
  [anyRoute + route(`[{ filters: [{ type: Unheard }], ${to('one')} }]`), {}, '404', 'a filter nobody knows spoils the route'],
  [gateway(', tls: { certificateRefs: [{ name: none }] }').replace('protocol: HTTP', 'protocol: HTTPS') + route(`[{ ${to('one')} }]`), {}, 'connect: refused', 'no certificate, no listener'],
] // biome-ignore format: a table
for (const [index, [yaml, request, want, why]] of rows.entries()) {
  test(`gateway api ${index + 1}: ${why}`, () => assert.equal(told(yaml, request), want))
}
