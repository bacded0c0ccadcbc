import type { Mesh } from '../mesh/index.ts'
import { attaches, byAge, type PolicyTarget } from './attach.ts'
import type { Flow, HttpFilter } from './flow.ts'
import { compileProviders, type JwtProvider } from './jwt-provider.ts'
import { type JwtTrial, runJwt } from './jwt-rule.ts'
import { type JwtFailure, jwtFailures } from './jwt-status.ts'
import { tokenReader } from './token.ts'

export function jwtProviders(
  mesh: Mesh,
  target: PolicyTarget,
  fetched: (uri: string) => string | undefined,
): readonly JwtProvider[] {
  const selected = mesh.requestAuthentications.filter((policy) => attaches(policy, target)).sort(byAge)
  // The proxy's own namespace before the root one; rules of one issuer stay in this order.
  const own = selected.filter((policy) => policy.namespace === target.namespace)
  const root = selected.filter((policy) => policy.namespace !== target.namespace)
  return compileProviders([...own, ...root], fetched)
}

/** `rerouting`: gateways choose the route again once a token was accepted; sidecars do not. */
export function jwtFilter(providers: readonly JwtProvider[], rerouting: boolean): HttpFilter | undefined {
  if (providers.length === 0) return undefined
  const read = tokenReader()
  return {
    name: 'envoy.filters.http.jwt_authn',
    run(flow) {
      const { request, context } = flow
      // istiod's one rule is for the prefix `/`, and `OPTIONS *` has none: no token is looked at.
      if (!request.path.startsWith('/')) return undefined
      const result = runJwt(providers, {
        method: request.method,
        headers: request.headers,
        path: request.path,
        now: context.now,
        verified: context.verified,
        read,
        trace: flow.trace,
      })
      if (flow.trace) traceTrials(flow, result.trials, result.kind === 'failed' ? result.failure : undefined)
      if (result.kind === 'passed') {
        flow.reason = result.accepted ? 'token-accepted' : 'token-missing'
        if (
          result.headers !== request.headers ||
          result.path !== request.path ||
          result.claims !== undefined
        ) {
          flow.change(result)
        }
        if (result.accepted && rerouting) flow.reroute = true
        return undefined
      }
      const { failure } = result
      const uri = `${request.scheme}://${request.host}${request.path.slice(0, 256)}`
      return {
        kind: 'reply',
        // A wrong audience is a known caller who may not; everything else is an unknown one.
        status: failure === 'audience-not-allowed' ? 403 : 401,
        headers: [
          ['content-type', 'text/plain'],
          [
            'www-authenticate',
            `Bearer realm="${uri}"${failure === 'token-missing' ? '' : ', error="invalid_token"'}`,
          ],
        ],
        body: jwtFailures[failure],
        reason: failure,
      }
    },
  }
}

/** A rule that failed beside one that took the token has decided nothing. */
function traceTrials(flow: Flow, trials: readonly JwtTrial[], decisive: JwtFailure | undefined): void {
  const seen = new Set<JwtProvider>()
  for (const { provider, failure, token } of trials) {
    // The requirement asks failing rules twice; once is enough to tell.
    if (seen.has(provider)) continue
    seen.add(provider)
    const outcome = failure === undefined ? 'matched' : failure === decisive ? 'rejected' : 'missed'
    const issuer = token === undefined ? '' : ` (issuer ${token.issuer || 'not given'})`
    flow.step('jwt', outcome, failure ?? 'token-accepted', {
      object: provider.owner,
      rule: `jwtRules[${provider.index}]`,
      at: provider.rule.at,
      text:
        failure === undefined
          ? `the token is accepted as ${token?.issuer}/${String(token?.payload.sub ?? '')}`
          : `${jwtFailures[failure]}${issuer}`,
    })
  }
}
