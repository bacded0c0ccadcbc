import type { Problem } from '../../base/index.ts'

/** What the environment and flags may say; both as text, flags last. */
export const overridable = [
  'listen',
  'grpcListen',
  'metricsListen',
  'probeListen',
  'pathPrefix',
  'trustedProxies',
  'scheme',
  'issuer',
  'clientId',
  'clientSecret',
  'clientSecretFile',
  'redirectUrl',
  'cookieName',
  'apiErrors',
  'sessions',
  'shadow',
  'fallback',
  'redisPasswordFile',
  'redisCaFile',
  'auditLog',
  'certificateAuthority',
] as const
export type Overridable = (typeof overridable)[number]

export interface Override {
  readonly value: string
  /** `--listen`, `KFDOOR_AUTHZ_LISTEN`: what a problem names. */
  readonly from: string
}
export type Overrides = Readonly<Partial<Record<Overridable, Override>>>

const PREFIX = 'KFDOOR_AUTHZ_'

/** `KFDOOR_AUTHZ_CLIENT_ID` → `clientId`. One that is not known is a problem, for it may be a mistyped lock. */
export function overridesOf(
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<Overridable, string>>>,
): { readonly overrides: Overrides; readonly problems: readonly Problem[] } {
  const overrides: { [N in Overridable]?: Override } = {}
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue
    const key = name
      .slice(PREFIX.length)
      .toLowerCase()
      .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as Overridable
    if (overridable.includes(key)) overrides[key] = { value, from: name }
    else
      problems.push({
        severity: 'error',
        code: 'unknown-setting',
        message: `\`${name}\` is not a setting of this service`,
        at: { file: 'environment', line: 1 },
      })
  }
  for (const name of overridable) {
    const value = flags[name]
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    if (value !== undefined) overrides[name] = { value, from: `--${flag}` }
  }
  return { overrides, problems }
}
