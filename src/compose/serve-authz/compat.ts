import { hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAddressRange } from '../../authz/index.ts'
import { Fault, type Problem, renderProblem } from '../../base/index.ts'
import {
  type CompatSeat,
  readAuthServiceSeat,
  readOAuth2ProxySeat,
  readRedisOptions,
} from '../../sign-in/index.ts'
import type { Overrides } from './overrides.ts'
import { readAuthzSettings } from './read-settings.ts'
import type { AuthzSettings, SessionSettings } from './settings.ts'

/** Whose seat is taken, and what it would be started with. */
export interface CompatInput {
  readonly compat: 'oauth2-proxy' | 'authservice'
  /** oauth2_proxy.cfg */
  readonly file?: string
  /** oauth2-proxy's own flags. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly overrides: Overrides
  /** 32 bytes that seal sessions and sign-ins, where the service's own secret cannot. */
  readonly sealKey?: Uint8Array
}

/** Settings of ours that are none of the seat's: what `signIn` says is replaced by the seat's. */
const PLACEHOLDER = 'signIn: {issuer: "https://seat.invalid", clientId: seat}'

/**
 * The settings of `serve authz` in the seat of another service: what it was told, where it listened,
 * what it called its cookies. Our own flags and environment go before it.
 *
 * @throws Fault ERR_SETTINGS_INVALID with every problem and its place
 */
export function compatSettings(
  input: CompatInput,
  warn: (problem: Problem) => void,
): { readonly settings: AuthzSettings; readonly published: readonly string[] } {
  const { overrides, env } = input
  const { seat, problems: ofSeat } =
    input.compat === 'oauth2-proxy'
      ? readOAuth2ProxySeat({
          ...(input.file !== undefined && { config: input.file }),
          args: input.args,
          env,
          readFile: (path) => readFileSync(path),
        })
      : readAuthServiceSeat(env)
  const { settings: own, problems: ofOwn } = readAuthzSettings(
    { file: 'settings', text: PLACEHOLDER },
    withoutSignIn(overrides),
  )
  const problems = [...ofSeat, ...ofOwn]
  const say = (message: string, severity: Problem['severity'] = 'error') =>
    problems.push({
      severity,
      code: 'bad-setting',
      message,
      at: { file: input.file ?? 'environment', line: 1 },
    })
  if (input.compat === 'authservice' && input.file !== undefined)
    say('oidc-authservice has no configuration file: its settings are its environment')
  for (const range of seat?.trustedProxies ?? [])
    if (!isAddressRange(range)) say(`\`trusted_proxy_ips\` holds \`${range}\`, which is no address range`)
  const sessions = seat && (overrides.sessions ? own?.sessions : sessionsOf(seat, input.sealKey, say))
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (!seat || !own || !sessions || errors.length > 0)
    throw new Fault('ERR_SETTINGS_INVALID', { problems: errors.map(renderProblem) })
  for (const problem of problems) warn(problem)
  const secret = input.sealKey ?? ('secret' in seat.sessions ? seat.sessions.secret : undefined)
  const loginKey = secret && new Uint8Array(hkdfSync('sha256', secret, '', 'kfdoor seat login', 32))
  const metrics = overrides.metricsListen ? own.metricsListen : seat.metricsListen
  const { signIn: _, metricsListen: __, ...rest } = own
  return {
    published: seat.published,
    settings: {
      ...rest,
      listen: overrides.listen ? own.listen : seat.listen,
      ...(metrics && { metricsListen: metrics }),
      ...(seat.probeListen && !overrides.probeListen && { probeListen: seat.probeListen }),
      trustedProxies: [...seat.trustedProxies, ...own.trustedProxies],
      // What neither service is told, the request's own connection tells it: plain http.
      scheme: overrides.scheme ? own.scheme : 'http',
      sessions,
      ...(seat.caFiles.length > 0 && { caFiles: seat.caFiles }),
      signIn: {
        ...(seat.style === 'oauth2-proxy'
          ? { style: seat.style, settings: seat.settings }
          : { style: seat.style, settings: seat.settings }),
        apiErrors: overrides.apiErrors?.value === 'json' ? 'json' : 'release',
        nameSessions: false,
        judgesTokens: true,
        ...(loginKey && { loginKey }),
      },
    },
  }
}

/** The seat's own names for these are read by its reader. */
function withoutSignIn(overrides: Overrides): Overrides {
  const {
    issuer: _,
    clientId: __,
    clientSecret,
    clientSecretFile,
    redirectUrl,
    cookieName,
    ...rest
  } = overrides
  return rest
}

function sessionsOf(
  seat: CompatSeat,
  sealKey: Uint8Array | undefined,
  say: (message: string, severity?: Problem['severity']) => void,
): SessionSettings {
  const { sessions } = seat
  if (sessions.store === 'redis') return { store: 'redis', redis: readRedisOptions(sessions.redis) }
  if (sessions.store === 'cookie') {
    const secret = sealKey ?? sessions.secret
    if (secret) return { store: 'cookie', secrets: [secret] }
    say(
      'the cookie secret is published with Kubeflow and seals nothing here: sessions are kept in the memory of this replica; give a secret of your own, `--seal-key-file FILE`, or `--sessions redis://HOST:6379`',
      'warning',
    )
    return { store: 'memory' }
  }
  say(
    'sessions are kept in the memory of this replica, where oidc-authservice had a file; `--sessions sqlite:FILE` or `--sessions redis://HOST:6379` keeps them',
    'warning',
  )
  return { store: 'memory' }
}
