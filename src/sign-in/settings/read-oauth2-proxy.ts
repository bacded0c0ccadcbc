import { type At, isFault, type Problem } from '../../base/index.ts'
import { containerEnvironment, isSetElsewhere, type Mesh, type Workload } from '../../mesh/index.ts'
import type { OAuth2ProxySettings } from '../provider/oauth2-proxy-settings.ts'
import { parseDurationSetting } from './duration.ts'
import { type ReadSettings, standIn } from './elsewhere.ts'
import { workloadOf } from './find-provider.ts'
import { pathPattern, routePattern } from './path-pattern.ts'
import { sameSiteOf } from './read-authservice.ts'
import { parseToml, type TomlValue } from './toml.ts'

/** Options without effect on who gets in, or on what a client sees of a sign-in. */
const HARMLESS = new Set(
  `provider upstreams http_address https_address metrics_address custom_sign_in_logo custom_templates_dir
  banner footer reverse_proxy ssl_insecure_skip_verify cookie_secret
  relative_redirect_url skip_auth_strip_headers pass_user_headers pass_basic_auth pass_host_header
  request_logging auth_logging standard_logging silence_ping_logging logging_filename show_debug_on_error
  session_cookie_minimal insecure_oidc_skip_nonce approval_prompt login_url_parameters cookie_csrf_per_request
  cookie_csrf_per_request_limit provider_ca_files use_system_trust_store encode_state session_store_type
  cookie_httponly oidc_audience_claims`
    .split(/\s+/)
    .filter(Boolean),
)

interface Setting {
  readonly value: TomlValue
  readonly at: At
}

/**
 * The settings of the oauth2-proxy in the mesh, from its configuration file in a ConfigMap, over it
 * its environment (`OAUTH2_PROXY_…`), over that its arguments, as oauth2-proxy itself reads them.
 * Undefined settings mean the mesh runs none, or one nobody could sign in to; `problems` says why.
 */
export function readOAuth2ProxySettings(
  mesh: Mesh,
  { secretsElsewhere = false }: ReadSettings = {},
): {
  readonly settings: OAuth2ProxySettings | undefined
  readonly problems: readonly Problem[]
} {
  const workload = workloadOf(mesh, 'oauth2-proxy')
  if (!workload) return { settings: undefined, problems: [] }
  const problems: Problem[] = []
  const given = gather(mesh, workload, problems)
  if (secretsElsewhere) fillIn(mesh, workload, given)
  return readOAuth2ProxyOptions(given, workload.at, problems)
}

/** The same of one oauth2_proxy.cfg, for a service that is started with it. */
export function readOAuth2ProxyConfig(
  file: string,
  content: string,
  environment: Readonly<Record<string, string>> = {},
): { readonly settings: OAuth2ProxySettings | undefined; readonly problems: readonly Problem[] } {
  const at = { file, line: 1 }
  const { entries, problems } = parseToml(content, at)
  const given = new Map<string, Setting>([...entries].map(([key, entry]) => [canonical(key), entry]))
  for (const [name, value] of Object.entries(environment)) {
    const key = variableKey(name)
    if (key !== undefined && value !== '') given.set(key, { value, at })
  }
  return readOAuth2ProxyOptions(given, at, [...problems])
}

function gather(mesh: Mesh, workload: Workload, problems: Problem[]): Map<string, Setting> {
  const given = new Map<string, Setting>()
  const container = containerOf(workload)
  if (!container) return given
  const args = argumentsOf(container.args)
  const config = args.get('config')
  if (typeof config === 'string') {
    const key = config.slice(config.lastIndexOf('/') + 1)
    const maps = mesh.configMaps.filter(
      ({ namespace, data }) => namespace === workload.namespace && Object.hasOwn(data, key),
    )
    const [map, ...others] = maps
    if (!map || others.length > 0)
      problems.push({
        severity: map ? 'warning' : 'error',
        code: 'config-file',
        message: map
          ? `${maps.length} ConfigMaps in ${workload.namespace} hold \`${key}\`; ${map.name} is read`
          : `no ConfigMap in ${workload.namespace} holds \`${key}\`, which oauth2-proxy is started with`,
        at: workload.at,
      })
    if (map) {
      const parsed = parseToml(map.data[key] ?? '', map.dataAt[key] ?? map.at)
      problems.push(...parsed.problems)
      for (const [name, entry] of parsed.entries) given.set(canonical(name), entry)
    }
  }
  for (const [name, value] of Object.entries(containerEnvironment(mesh, workload, container))) {
    const key = variableKey(name)
    if (key !== undefined && value !== '') given.set(key, { value, at: workload.at })
  }
  for (const [name, value] of args) if (name !== 'config') given.set(name, { value, at: workload.at })
  return given
}

function containerOf({ containers }: Workload): Workload['containers'][number] | undefined {
  return containers.find(({ image }) => /oauth2[-_]proxy/.test(image)) ?? containers[0]
}

/** What nobody needs to know to tell what the service answers. */
function fillIn(mesh: Mesh, workload: Workload, given: Map<string, Setting>): void {
  const container = containerOf(workload)
  if (!container) return
  for (const key of ['client_id', 'client_secret']) {
    const found = given.get(key)?.value
    const set = isSetElsewhere(mesh, workload, container, `OAUTH2_PROXY_${key.toUpperCase()}`)
    const value = standIn(found === undefined ? undefined : String(found), set)
    if (value !== undefined) given.set(key, { value, at: workload.at })
  }
}

/** `OAUTH2_PROXY_COOKIE_SECURE` → `cookie_secure`. */
function variableKey(name: string): string | undefined {
  return name.startsWith('OAUTH2_PROXY_')
    ? canonical(name.slice('OAUTH2_PROXY_'.length).toLowerCase())
    : undefined
}

const ALIASES: Readonly<Record<string, string>> = {
  api_route: 'api_routes',
  skip_auth_route: 'skip_auth_routes',
  email_domain: 'email_domains',
  whitelist_domain: 'whitelist_domains',
  cookie_domain: 'cookie_domains',
  allowed_group: 'allowed_groups',
  upstream: 'upstreams',
  extra_jwt_issuer: 'extra_jwt_issuers',
}

function canonical(key: string): string {
  const name = key.replaceAll('-', '_')
  return ALIASES[name] ?? name
}

/** `--a=b`, `--a b`, `--flag`; a repeated one is a list. */
function argumentsOf(args: readonly string[]): Map<string, TomlValue> {
  const found = new Map<string, TomlValue>()
  for (let index = 0; index < args.length; index++) {
    const [, name = '', inline] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(args[index] ?? '') ?? []
    if (name === '') continue
    const next = args[index + 1]
    const takesNext = inline === undefined && next !== undefined && !next.startsWith('-')
    if (takesNext) index++
    const value = inline ?? (takesNext ? next : 'true')
    const key = canonical(name)
    const before = found.get(key)
    found.set(key, before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value])
  }
  return found
}

/** The settings of options that were gathered under their canonical names. */
export function readOAuth2ProxyOptions(
  given: ReadonlyMap<string, Setting>,
  fallback: At,
  problems: Problem[],
): { readonly settings: OAuth2ProxySettings | undefined; readonly problems: readonly Problem[] } {
  const read = new Set<string>()
  const complain = (severity: Problem['severity'], code: string, message: string, at: At) =>
    problems.push({ severity, code, message, at })
  const lookUp = (key: string) => {
    read.add(key)
    return given.get(key)
  }
  const wrong = (key: string, what: string, setting: Setting) =>
    complain('error', 'bad-setting', `\`${key}\` of oauth2-proxy is not ${what}`, setting.at)

  const optional = (key: string): string | undefined => {
    const setting = lookUp(key)
    if (!setting || setting.value === '') return undefined
    if (typeof setting.value !== 'object') return String(setting.value)
    return setting.value.length === 1 ? String(setting.value[0]) : void wrong(key, 'one value', setting)
  }
  const required = (key: string): string => {
    const value = optional(key)
    if (value === undefined) complain('error', 'missing-setting', `oauth2-proxy has no \`${key}\``, fallback)
    return value ?? ''
  }
  const flag = (key: string, standard: boolean): boolean => {
    const setting = lookUp(key)
    if (!setting) return standard
    const text = String(setting.value).toLowerCase()
    if (/^(true|t|1)$/.test(text)) return true
    if (/^(false|f|0)$/.test(text)) return false
    wrong(key, 'true or false', setting)
    return standard
  }
  const list = (key: string): readonly string[] => {
    const setting = lookUp(key)
    if (!setting) return []
    const { value } = setting
    if (typeof value === 'object') return value.map(String).filter(Boolean)
    return String(value)
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean)
  }
  const duration = (key: string, standard: number): number => {
    const setting = lookUp(key)
    if (!setting) return standard
    const value = typeof setting.value === 'number' ? setting.value : String(setting.value)
    const parsed = parseDurationSetting(value)
    if (parsed === undefined) wrong(key, 'a duration such as `24h`', setting)
    return parsed ?? standard
  }
  const patterns = <T>(key: string, compile: (source: string) => T): readonly T[] =>
    list(key).flatMap((source) => {
      try {
        return [compile(source)]
      } catch (error) {
        const at = given.get(key)?.at ?? fallback
        const reason = error instanceof Error && !isFault(error) ? error.message : String(error)
        complain(
          'error',
          'bad-pattern',
          `\`${source}\` in \`${key}\` is no Go regular expression: ${reason}`,
          at,
        )
        return []
      }
    })

  const issuer = required('oidc_issuer_url')
  const redirectUrl = optional('redirect_url') ?? `${optional('proxy_prefix') ?? '/oauth2'}/callback`
  const refreshMs = duration('cookie_refresh', 0)
  const provider = optional('provider')
  if (provider !== undefined && !['oidc', 'keycloak-oidc'].includes(provider))
    complain('error', 'bad-setting', `provider \`${provider}\` is not played here, only \`oidc\``, fallback)
  const pkce = optional('code_challenge_method')
  const legacyRoutes = patterns('skip_auth_regex', pathPattern).map((one) => ({ ...one, negated: false }))
  const [loginUrl, redeemUrl, jwksUrl, profileUrl, prompt] = [
    'login_url',
    'redeem_url',
    'oidc_jwks_url',
    'profile_url',
    'prompt',
  ].map(optional)

  /** Options few set: left out where they are not. */
  const more = () => {
    const algorithms = list('oidc_enabled_signing_algs')
    const audiences = list('oidc_extra_audiences')
    const acrValues = optional('acr_values')
    const backendLogoutUrl = optional('backend_logout_url')
    const csrfSameSite = optional('cookie_csrf_samesite')
    return {
      ...(algorithms.length > 0 && { signingAlgorithms: algorithms }),
      ...(audiences.length > 0 && { extraAudiences: audiences }),
      ...(acrValues && { acrValues }),
      ...(backendLogoutUrl && { backendLogoutUrl }),
      ...(csrfSameSite && { csrfSameSite: sameSiteOf(csrfSameSite) }),
      ...(flag('skip_claims_from_profile_url', false) && { skipProfile: true }),
      ...(flag('insecure_oidc_allow_unverified_email', false) && { allowUnverifiedEmail: true }),
    }
  }

  const settings: OAuth2ProxySettings = {
    issuer,
    clientId: required('client_id'),
    clientSecret: required('client_secret'),
    skipDiscovery: flag('skip_oidc_discovery', false),
    ...(loginUrl && { loginUrl }),
    ...(redeemUrl && { redeemUrl }),
    ...(jwksUrl && { jwksUrl }),
    ...(profileUrl && { profileUrl }),
    redirectUrl,
    scope: optional('scope') ?? 'openid email profile',
    ...(prompt && { prompt }),
    codeChallenge: pkce === 'S256' || pkce === 'plain' ? pkce : 'none',
    proxyPrefix: `/${(optional('proxy_prefix') ?? '/oauth2').replace(/^\/+|\/+$/g, '')}`,
    providerName: optional('provider_display_name') ?? 'OpenID Connect',
    skipProviderButton: flag('skip_provider_button', false),
    forceJsonErrors: flag('force_json_errors', false),
    apiRoutes: patterns('api_routes', pathPattern),
    skipAuthRoutes: [...patterns('skip_auth_routes', routePattern), ...legacyRoutes],
    skipAuthPreflight: flag('skip_auth_preflight', false),
    setAuthorizationHeader: flag('set_authorization_header', false),
    setXAuthRequest: flag('set_xauthrequest', false),
    passAccessToken: flag('pass_access_token', false),
    cookie: {
      name: optional('cookie_name') ?? '_oauth2_proxy',
      path: optional('cookie_path') ?? '/',
      domains: [...list('cookie_domains')].sort((a, b) => b.length - a.length),
      expireMs: duration('cookie_expire', 168 * 3_600_000),
      // oauth2-proxy's default is true; Kubeflow sets it by FORCE_HTTPS. On https it is always set.
      secure: flag('cookie_secure', true),
      sameSite: sameSiteOf(optional('cookie_samesite')),
      csrfExpireMs: duration('cookie_csrf_expire', 15 * 60_000),
    },
    emailDomains: list('email_domains'),
    allowedGroups: [...list('allowed_groups'), ...list('oidc_groups')],
    whitelistDomains: list('whitelist_domains'),
    userIdClaim: optional('user_id_claim') ?? 'email',
    emailClaim: optional('oidc_email_claim') ?? 'email',
    groupsClaim: optional('oidc_groups_claim') ?? 'groups',
    skipJwtBearerTokens: flag('skip_jwt_bearer_tokens', false),
    extraJwtIssuers: list('extra_jwt_issuers').flatMap((pair) => {
      const [, one, audience] = /^(.+?)=(.+)$/.exec(pair) ?? []
      if (one && audience) return [{ issuer: one, audience }]
      const at = given.get('extra_jwt_issuers')?.at ?? fallback
      complain('error', 'bad-setting', `\`${pair}\` in \`extra_jwt_issuers\` is not \`issuer=audience\``, at)
      return []
    }),
    bearerLoginFallback: flag('bearer_token_login_fallback', true),
    ...(refreshMs > 0 && { refreshMs }),
    ...more(),
  }
  if (issuer && !URL.canParse(issuer))
    complain(
      'error',
      'bad-setting',
      `\`oidc_issuer_url\` is not a URL: \`${issuer}\``,
      given.get('oidc_issuer_url')?.at ?? fallback,
    )
  if (settings.emailDomains.length === 0 && lookUp('authenticated_emails_file') === undefined)
    complain('error', 'missing-setting', 'oauth2-proxy admits nobody without `email_domains`', fallback)
  if (settings.skipDiscovery && !(loginUrl && redeemUrl && jwksUrl))
    complain(
      'error',
      'missing-setting',
      'without discovery oauth2-proxy needs `login_url`, `redeem_url` and `oidc_jwks_url`',
      fallback,
    )
  for (const [key, { at }] of given)
    if (!read.has(key) && !HARMLESS.has(key))
      complain(
        'warning',
        'unknown-setting',
        `\`${key}\` of oauth2-proxy is not understood and has no effect here`,
        at,
      )
  return { settings: problems.some((one) => one.severity === 'error') ? undefined : settings, problems }
}
