import { parseGoBool } from '../../base/index.ts'
import { authService } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'

/** A Secure cookie over plain text never comes back. */
export const cookieAndScheme: Rule = {
  code: 'KFD0246',
  severity: 'warning',
  title: 'session cookies do not fit the door’s scheme',
  why: 'A browser drops a `Secure` cookie that came over `http:` and asks to sign in for ever (`Unable to find a valid CSRF token`); without `Secure` a session can be read from any plain request to the same host.',
  remedy: 'Serve TLS and set `cookie_secure = true`; on a plain door set it to false.',

  *check({ mesh, queries }) {
    const service = authService(mesh)
    if (service?.kind !== 'oauth2-proxy') return
    // Its own default is true (oauth2-proxy, `cookie_secure`).
    const setting = service.setting('cookie_secure')
    const secure = setting === undefined || parseGoBool(setting.value) === true
    const outward = queries.gateways().filter((gateway) => queries.isOutward(gateway))
    const listeners = outward.flatMap(({ proxy }) => queries.door.listeners(proxy).listeners)
    if (listeners.length === 0) return
    const tls = listeners.some(({ chains }) => chains.some((chain) => chain.tls))
    if (tls === secure) return
    yield {
      severity: tls ? 'warning' : 'info',
      message: tls
        ? `the door serves TLS, and ${service.kind} makes cookies that plain requests carry too`
        : `the door serves plain text only, and ${service.kind} makes \`Secure\` cookies, which browsers then drop`,
      evidence: [{ at: setting?.at ?? service.workload.at, text: `cookie_secure ${secure}` }],
    }
  },
}
