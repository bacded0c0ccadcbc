import type { Clock } from '../../../base/index.ts'
import { createSessions, type Session, type Sessions } from '../../sessions/sessions.ts'
import type { OAuth2ProxySettings } from '../oauth2-proxy-settings.ts'
import type { ProviderPorts, SignInEvent } from '../provider.ts'
import { type Way, waysOf } from '../ways.ts'
import { createDoorCookies } from './door-cookies.ts'

/** What every answer of one oauth2-proxy is made from. */
export interface Front {
  readonly settings: OAuth2ProxySettings
  /** `/oauth2` */
  readonly prefix: string
  readonly sessions: Sessions
  readonly cookies: ReturnType<typeof createDoorCookies>
  readonly ways: readonly [Way, ...Way[]]
  /** Undefined: the door has no issuer of that name. */
  wayNamed(name: string): Way | undefined
  /** The issuer a session came from; the first where it does not say. */
  wayOf(session: Session): Way
  readonly clock: Clock
  readonly log: (event: SignInEvent) => void
}

/** @throws Fault ERR_USAGE when an issuer is plain http outside the mesh */
export function createFront(settings: OAuth2ProxySettings, ports: ProviderPorts): Front {
  const { clock, log = () => {} } = ports
  const ways = waysOf(settings, ports)
  return {
    settings,
    prefix: settings.proxyPrefix,
    sessions: createSessions(ports.sessions, clock),
    cookies: createDoorCookies(settings),
    ways,
    wayNamed: (name) => ways.find((one) => one.name === name),
    wayOf: ({ issuer }) => ways.find((one) => one.issuer === issuer) ?? ways[0],
    clock,
    log,
  }
}
