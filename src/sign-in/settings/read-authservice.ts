import { RE2JS } from 're2js'
import type { At, Problem } from '../../base/index.ts'
import { containerEnvironment, isSetElsewhere, type Mesh } from '../../mesh/index.ts'
import type { AuthServiceSettings } from '../provider/authservice-settings.ts'
import { type ReadSettings, standIn } from './elsewhere.ts'
import { workloadOf } from './find-provider.ts'

/** Understood or without effect on who gets in; any other setting is named as a problem. */
const KNOWN = new Set(
  `OIDC_PROVIDER OIDC_AUTH_URL OIDC_SCOPES CLIENT_ID CLIENT_SECRET REDIRECT_URL AUTHSERVICE_URL_PREFIX
  SKIP_AUTH_URI SKIP_AUTH_URLS USERID_HEADER USERID_PREFIX USERID_CLAIM USERID_TOKEN_HEADER GROUPS_HEADER
  GROUPS_CLAIM GROUPS_ALLOWLIST AUDIENCES HOMEPAGE_URL STATIC_DESTINATION_URL AFTER_LOGIN_URL
  AFTER_LOGOUT_URL SESSION_MAX_AGE SESSION_SAME_SITE IDTOKEN_AUTHN_ENABLED KUBERNETES_AUTHN_ENABLED
  PORT SERVER_PORT SERVER_HOSTNAME WEB_SERVER_PORT READINESS_PROBE_PORT STORE_PATH SESSION_STORE_PATH
  SESSION_STORE_TYPE SESSION_STORE_REDIS_ADDR SESSION_STORE_REDIS_PWD SESSION_STORE_REDIS_DB
  OIDC_STATE_STORE_PATH LOG_LEVEL CLIENT_NAME THEMES_URL THEME TEMPLATE_PATH CA_BUNDLE
  STRICT_SESSION_VALIDATION USERID_TRANSFORMERS AUTH_HEADER AUTH_METHOD_HEADER VERIFY_AUTH_URL CACHE_ENABLED
  CACHE_EXPIRATION_MINUTES`
    .split(/\s+/)
    .filter(Boolean),
)

/** Environment that belongs to the container, not to authservice. */
const FOREIGN = /^(?!.*(?:OIDC|AUTH|USERID|GROUPS|SESSION|TOKEN|URL))/

/**
 * The settings of the oidc-authservice in the mesh: the environment of its StatefulSet or
 * Deployment, with the ConfigMaps and Secrets it draws from. Undefined settings mean the mesh runs
 * none, or one whose settings leave no way to sign in; `problems` says which.
 */
export function readAuthServiceSettings(
  mesh: Mesh,
  { secretsElsewhere = false }: ReadSettings = {},
): {
  readonly settings: AuthServiceSettings | undefined
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const workload = workloadOf(mesh, 'authservice')
  const container =
    workload?.containers.find(({ image }) => image.includes('authservice')) ?? workload?.containers[0]
  if (!workload || !container) return { settings: undefined, problems }
  const environment = { ...containerEnvironment(mesh, workload, container) }
  for (const name of secretsElsewhere ? ['CLIENT_ID', 'CLIENT_SECRET'] : []) {
    const set = isSetElsewhere(mesh, workload, container, name)
    const value = standIn(environment[name] || undefined, set)
    if (value !== undefined) environment[name] = value
  }
  return readAuthServiceEnvironment(environment, {
    vintage: vintageOf(container.image, environment),
    where: `${workload.kind} ${workload.namespace}/${workload.name}: `,
    at: workload.at,
  })
}

/** The same of the environment alone. `where` stands before each message. */
export function readAuthServiceEnvironment(
  environment: Readonly<Record<string, string>>,
  {
    vintage,
    where,
    at,
  }: { readonly vintage: '28c59ef' | 'e236439'; readonly where: string; readonly at: At },
): { readonly settings: AuthServiceSettings | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const complain = (severity: Problem['severity'], code: string, message: string) =>
    problems.push({ severity, code, message: `${where}${message}`, at })
  const value = (name: string) => environment[name] || undefined
  const flag = (name: string, standard: boolean) => {
    const text = value(name)
    return text === undefined ? standard : /^(1|t|true)$/i.test(text)
  }

  for (const name of Object.keys(environment))
    if (!KNOWN.has(name) && !FOREIGN.test(name))
      complain('warning', 'unknown-setting', `\`${name}\` is not understood and has no effect here`)
  const need = (name: string) => {
    const text = value(name)
    if (text === undefined) complain('error', 'missing-setting', `\`${name}\` is not set`)
    return text ?? ''
  }

  const old = vintage === '28c59ef'
  const issuer = need('OIDC_PROVIDER')
  const clientId = need('CLIENT_ID')
  const clientSecret = need('CLIENT_SECRET')
  if (issuer && !URL.canParse(issuer))
    complain('error', 'bad-setting', `\`OIDC_PROVIDER\` is not a URL: \`${issuer}\``)
  const urlPrefix = `/${(value('AUTHSERVICE_URL_PREFIX') ?? '/authservice/').replace(/^\/+|\/+$/g, '')}/`
  const redirectUrl = value('REDIRECT_URL') ?? (old ? need('REDIRECT_URL') : `${urlPrefix}oidc/callback`)
  const maxAge = Number(value('SESSION_MAX_AGE') ?? 86_400)
  if (!Number.isFinite(maxAge) || maxAge <= 0)
    complain('error', 'bad-setting', '`SESSION_MAX_AGE` is not a number of seconds')
  const scopes = (value('OIDC_SCOPES') ?? 'openid email').split(/[\s,]+/).filter(Boolean)
  const skipAuth = (value(old ? 'SKIP_AUTH_URI' : 'SKIP_AUTH_URLS') ?? '').split(/[\s,]+/).filter(Boolean)
  for (const path of skipAuth)
    if (!path.startsWith('/') || path === '/')
      complain('warning', 'open-door', `\`${path}\` among the paths without sign-in opens more than it says`)
  const authUrl = value('OIDC_AUTH_URL')
  const transform = transformerOf(value('USERID_TRANSFORMERS'), (message) =>
    complain('error', 'bad-setting', message),
  )
  const userIdTokenHeader = value('USERID_TOKEN_HEADER')

  const settings: AuthServiceSettings = {
    vintage,
    issuer,
    ...(authUrl && { authUrl }),
    clientId,
    clientSecret,
    redirectUrl,
    scopes: scopes.includes('openid') ? scopes : ['openid', ...scopes],
    urlPrefix,
    // e236439 exempts what lies under its own prefix.
    skipAuth: old ? skipAuth : [...skipAuth, urlPrefix],
    userIdHeader: (value('USERID_HEADER') ?? 'kubeflow-userid').toLowerCase(),
    userIdPrefix: environment.USERID_PREFIX ?? '',
    ...(transform && { transform }),
    userIdClaim: value('USERID_CLAIM') ?? 'email',
    ...(userIdTokenHeader && { userIdTokenHeader: userIdTokenHeader.toLowerCase() }),
    groupsHeader: (value('GROUPS_HEADER') ?? 'kubeflow-groups').toLowerCase(),
    groupsClaim: value('GROUPS_CLAIM') ?? 'groups',
    groupsAllowed: (value('GROUPS_ALLOWLIST') ?? '*').split(/[\s,]+/).filter(Boolean),
    audiences: (value('AUDIENCES') ?? 'istio-ingressgateway.istio-system.svc.cluster.local')
      .split(/[\s,]+/)
      .filter(Boolean),
    homepageUrl: value('HOMEPAGE_URL') ?? (old ? '/' : `${urlPrefix}site/homepage`),
    afterLoginUrl: value(old ? 'STATIC_DESTINATION_URL' : 'AFTER_LOGIN_URL') ?? '',
    afterLogoutUrl: value('AFTER_LOGOUT_URL') ?? `${urlPrefix}site/after_logout`,
    sessionMaxAgeMs: maxAge * 1000,
    sameSite: sameSiteOf(value('SESSION_SAME_SITE')),
    tokenReview: flag('KUBERNETES_AUTHN_ENABLED', true),
    idTokens: flag('IDTOKEN_AUTHN_ENABLED', true),
  }
  return { settings: problems.some((one) => one.severity === 'error') ? undefined : settings, problems }
}

/** By the image's tag where it is one of the two, else by which vintage's names are used. */
export function vintageOf(
  image: string,
  environment: Readonly<Record<string, string>>,
): '28c59ef' | 'e236439' {
  if (image.endsWith(':28c59ef')) return '28c59ef'
  if (image.endsWith(':e236439')) return 'e236439'
  return environment.SKIP_AUTH_URI !== undefined && environment.AUTHSERVICE_URL_PREFIX === undefined
    ? '28c59ef'
    : 'e236439'
}

/**
 * `[{"matches": "@example\\.com$", "replaces": ""}]`: the first that matches changes the name, the
 * others are not asked (common/transformer_userid.go).
 */
function transformerOf(
  text: string | undefined,
  complain: (message: string) => void,
): ((name: string) => string) | undefined {
  if (text === undefined) return undefined
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    list = undefined
  }
  if (!Array.isArray(list)) return void complain('`USERID_TRANSFORMERS` is not a JSON list of rules')
  const rules = list.flatMap((one: { matches?: unknown; replaces?: unknown } | null) => {
    if (typeof one?.matches !== 'string' || typeof one.replaces !== 'string') {
      complain('a rule of `USERID_TRANSFORMERS` has not both `matches` and `replaces`')
      return []
    }
    try {
      if (one.matches.length > 1024) throw new Error('it is longer than 1024 characters')
      return [{ pattern: RE2JS.compile(one.matches), replaces: one.replaces }]
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      complain(`\`${one.matches}\` in \`USERID_TRANSFORMERS\` is no Go regular expression: ${reason}`)
      return []
    }
  })
  return (name) => {
    for (const { pattern, replaces } of rules) {
      const matcher = pattern.matcher(name)
      if (matcher.find()) return matcher.replaceAll(replaces)
    }
    return name
  }
}

export function sameSiteOf(text: string | undefined): 'Lax' | 'Strict' | 'None' {
  const lower = text?.toLowerCase()
  return lower === 'strict' ? 'Strict' : lower === 'none' ? 'None' : 'Lax'
}
