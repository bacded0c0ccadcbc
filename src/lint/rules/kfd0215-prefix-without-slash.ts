import type { Rule } from '../rule.ts'
import { actionOf, nameOf, pathsOf } from '../walk.ts'

/** `/v1*` also takes `/v1beta1`: a prefix is text, not a path segment. */
export const prefixWithoutSlash: Rule = {
  code: 'KFD0215',
  severity: 'warning',
  title: 'a path prefix that opens something ends inside a segment',
  why: 'A prefix is compared as text: `/v1*` also takes `/v1beta1/…`, and `/models*` also `/models-internal`. Where the pattern opens something, it opens its longer neighbours too.',
  remedy: 'End the prefix with a slash (`/v1/*`), and add the exact path beside it where it is needed too.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      if (actionOf(policy) === 'AUDIT') continue
      const opening = actionOf(policy) === 'ALLOW' ? 'paths' : 'notPaths'
      for (const { field, value, at } of pathsOf(policy)) {
        if (field !== opening || !/^\/.*[^/*}]\*$/.test(value)) continue
        const prefix = value.slice(0, -1)
        yield {
          message: `\`${value}\` of ${nameOf(policy)} also takes \`${prefix}${neighbour(prefix)}\``,
          evidence: [{ at, text: value }],
          fix: { at, replace: value, with: `${prefix}/*` },
        }
      }
    }
    for (const service of mesh.virtualServices) {
      if (service.gateways === undefined) continue
      for (const route of service.http) {
        for (const { uri } of route.match ?? []) {
          // Envoy keeps a rewrite's text whole: `/api` rewritten to `/` makes `/apikeys` into `/keys`.
          if (uri?.kind !== 'prefix' || uri.text.endsWith('/') || uri.text === '' || !route.rewrite?.uri)
            continue
          yield {
            severity: 'info',
            message: `${nameOf(service)} takes \`${uri.text}${neighbour(uri.text)}\` too, and rewrites it`,
            evidence: [{ at: uri.at, text: uri.text }],
          }
        }
      }
    }
  },
}

function neighbour(prefix: string): string {
  return /v\d+$/.test(prefix) ? 'beta1' : '-other'
}
