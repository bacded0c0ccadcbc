import { foldHeaderName as foldName, type HeaderList } from '../policy/index.ts'

export { foldName }

/**
 * What a client says about itself that only the door may say: who it is, where it came from, which
 * path or method was "really" meant. Names are folded. Kubernetes' and oauth2-proxy's lists, and
 * what advisories of front proxies named (CVE-2026-40575, CVE-2026-61682, CVE-2025-64484).
 */
const claims = new Set([
  'forwarded',
  'via-user',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-real-ip',
  'x-request-id',
  'x-rewrite-uri',
  'x-rewrite-url',
  'x-user',
  'remote-user',
])
const claimPrefixes = ['x-forwarded-', 'x-envoy-', 'x-auth-request-', 'x-remote-', 'impersonate-', 'x-istio-']

/** Names seen, at most: a client may make up as many as it likes. */
const REMEMBERED = 4096

/**
 * Drops the headers a client must not send. Which names those are is worked out once per spelling.
 *
 * @example
 * clientHeaderFilter(['kubeflow-userid'], 0)([['Kubeflow_UserID', 'admin@example.com']]) // []
 */
export function clientHeaderFilter(
  identityHeaders: readonly string[],
  trustedHops: number,
): (headers: HeaderList) => HeaderList {
  const identity = new Set(identityHeaders.map(foldName))
  const known = new Map<string, boolean>()
  const dropped = (name: string): boolean => {
    let answer = known.get(name)
    if (answer === undefined) {
      const folded = foldName(name)
      const fromProxy = trustedHops > 0 && (folded === 'x-forwarded-for' || folded === 'x-forwarded-proto')
      // `authorization` may be an identity header towards the upstream and is a credential on the way in.
      const credential = folded === 'authorization' || folded === 'cookie'
      answer =
        !fromProxy &&
        !(credential && name.toLowerCase() === folded) &&
        (identity.has(folded) ||
          claims.has(folded) ||
          claimPrefixes.some((prefix) => folded.startsWith(prefix)))
      if (known.size >= REMEMBERED) known.clear()
      known.set(name, answer)
    }
    return answer
  }
  return (headers) => {
    for (const [name] of headers) {
      if (dropped(name)) return headers.filter(([each]) => !dropped(each))
    }
    return headers
  }
}
