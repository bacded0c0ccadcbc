import { authService, dexConfig, seconds } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'

/** Dex’s own default for `expiry.idTokens`. */
const dexDefault = 24 * 3600

/** A session that lives on when the token in it is dead. */
export const sessionOutlivesToken: Rule = {
  code: 'KFD0244',
  severity: 'warning',
  title: 'sessions live longer than the ID token in them',
  why: 'oauth2-proxy hands the ID token of the session to Istio. When it has expired and nothing refreshes it, the session is good and every request is 401 `Jwt is expired` until somebody deletes the cookie.',
  remedy:
    'Let `cookie_expire` be no longer than Dex’s `expiry.idTokens`, or set `cookie_refresh` and ask for `offline_access`.',

  *check({ mesh }) {
    const service = authService(mesh)
    if (service?.kind !== 'oauth2-proxy' || mesh.requestAuthentications.length === 0) return
    // Its own default, where nothing is written (oauth2-proxy, `cookie_expire`).
    const expire = service.setting('cookie_expire') ?? { value: '168h', at: service.workload.at }
    const refresh = seconds(service.setting('cookie_refresh')?.value ?? '0') ?? 0
    const config = dexConfig(mesh)
    const written = config && /idTokens:\s*['"]?([^\s'"#,}]+)/.exec(config.text)?.[1]
    const token = written === undefined ? dexDefault : seconds(written)
    const session = seconds(expire.value)
    if (config === undefined || session === undefined || token === undefined) return
    if (session <= token || (refresh > 0 && refresh < token)) return
    yield {
      message: `sessions last ${hours(session)} and the ID token in them ${hours(token)}`,
      evidence: [
        { at: expire.at, text: `cookie_expire ${expire.value}` },
        { at: config.at, text: written ? `idTokens ${written}` : 'expiry.idTokens not written: 24h' },
      ],
    }
  },
}

function hours(count: number): string {
  return count % 3600 === 0 ? `${count / 3600} h` : `${Math.round(count / 60)} min`
}
