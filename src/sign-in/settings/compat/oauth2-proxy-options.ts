import { type CompatOption, harmless, honoured, refused } from './option.ts'

const LOG = 'the log is kfdoor’s own: one line of JSON a decision'
const PAGE = 'the pages are kfdoor’s own'
const UPSTREAM = 'nothing is passed on from here: a proxy asks, and passes on itself'
const OTHER = 'only the providers `oidc` and `keycloak-oidc` are played here'
const TLS = 'checks come over plain HTTP inside the mesh, which brings its own TLS; take it away'
const off = ['false', '']

/**
 * Every option of oauth2-proxy 7.15 that a configuration file, the environment or a flag can set
 * (pkg/apis/options), under its name in the file.
 */
const options: readonly CompatOption[] = [
  // Who the provider is.
  honoured('provider', 'text', {
    why: '`oidc` or `keycloak-oidc`; any other is refused, google’s default too',
  }),
  honoured('provider_display_name'),
  honoured('oidc_issuer_url'),
  honoured('client_id'),
  honoured('client_secret', 'text', { secret: true }),
  honoured('client_secret_file'),
  honoured('scope'),
  honoured('prompt'),
  honoured('acr_values'),
  honoured('code_challenge_method', 'text', { why: '`plain` becomes S256' }),
  honoured('skip_oidc_discovery', 'flag'),
  honoured('login_url'),
  honoured('redeem_url'),
  honoured('profile_url'),
  honoured('oidc_jwks_url'),
  honoured('oidc_enabled_signing_algs', 'list', { flag: 'oidc-enabled-signing-alg' }),
  honoured('oidc_extra_audiences', 'list', { flag: 'oidc-extra-audience' }),
  honoured('oidc_email_claim'),
  honoured('oidc_groups_claim'),
  honoured('user_id_claim'),
  honoured('skip_claims_from_profile_url', 'flag'),
  honoured('insecure_oidc_allow_unverified_email', 'flag'),
  honoured('provider_ca_files', 'list', { flag: 'provider-ca-file', why: 'trusted beside the known CAs' }),
  honoured('backend_logout_url'),
  harmless('use_system_trust_store', 'flag', 'the known CAs are trusted beside those given', off),
  harmless('approval_prompt', 'text', 'consent is the issuer’s matter', ['force']),
  harmless('validate_url', 'text', 'ID tokens are verified by their signature'),
  harmless('insecure_oidc_skip_nonce', 'flag', 'the nonce is always sent and checked', ['true', 'false']),
  harmless(
    'ssl_insecure_skip_verify',
    'flag',
    'certificates are verified all the same; name the issuer’s CA in `provider_ca_files`',
    off,
  ),
  refused('insecure_oidc_skip_issuer_verification', 'flag', 'a token of another issuer is nobody’s', off),
  refused('oidc_audience_claims', 'list', 'the audience is read from `aud`', ['aud']),
  refused('oidc_public_key_files', 'list', 'keys are had from the issuer; give `oidc_jwks_url`'),
  refused('auth_request_response_mode', 'text', 'the answer is read from the query', ['query', '']),
  refused('jwt_key', 'text', OTHER),
  refused('jwt_key_file', 'text', OTHER),
  refused('pubjwk_url', 'text', OTHER),
  refused('resource', 'text', OTHER),
  refused('force_code_challenge_method', 'text', 'write `code_challenge_method`'),
  ...[
    'azure_tenant',
    'azure_graph_group_field',
    'bitbucket_team',
    'bitbucket_repository',
    'github_org',
    'github_team',
    'github_repo',
    'github_token',
    'google_admin_email',
    'google_admin_api_user_scope',
    'google_service_account_json',
    'google_target_principal',
    'google_use_application_default_credentials',
    'google_use_organization_id',
  ].map((name) => refused(name, 'text', OTHER, name === 'azure_tenant' ? ['common'] : off)),
  ...(
    [
      ['allowed_roles', 'allowed-role'],
      ['entra_id_allowed_tenants', 'entra-id-allowed-tenant'],
      ['github_users', 'github-user'],
      ['gitlab_groups', 'gitlab-group'],
      ['gitlab_projects', 'gitlab-project'],
      ['google_groups', 'google-group'],
      ['keycloak_groups', 'keycloak-group'],
    ] as const
  ).map(([name, flag]) => ({ ...refused(name, 'list', `${OTHER}; restrict with \`allowed_groups\``), flag })),
  refused('entra_id_federated_token_auth', 'flag', OTHER, off),

  // Who is let in.
  honoured('email_domains', 'list', { flag: 'email-domain' }),
  honoured('authenticated_emails_file', 'text', { why: 'read at the start' }),
  honoured('allowed_groups', 'list', { flag: 'allowed-group' }),
  honoured('skip_auth_routes', 'list', { flag: 'skip-auth-route' }),
  honoured('skip_auth_regex', 'list', { flag: 'skip-auth-regex' }),
  honoured('skip_auth_preflight', 'flag'),
  honoured('skip_jwt_bearer_tokens', 'flag'),
  honoured('extra_jwt_issuers', 'list'),
  honoured('bearer_token_login_fallback', 'flag'),
  refused('trusted_ips', 'list', 'an address is no identity; write a rule of the mesh instead'),
  refused('htpasswd_file', 'text', 'people sign in at the issuer'),
  refused('htpasswd_user_groups', 'list', 'people sign in at the issuer'),
  refused('ping_user_agent', 'text', 'whoever sends that User-Agent would be let in (CVE-2026-34457)'),
  refused('gcp_healthchecks', 'flag', 'whoever sends that User-Agent would be let in (CVE-2026-34457)', off),
  refused('force_https', 'flag', 'let the Gateway redirect: `httpsRedirect: true`', off),

  // What they see.
  honoured('api_routes', 'list', { flag: 'api-route' }),
  honoured('force_json_errors', 'flag'),
  honoured('skip_provider_button', 'flag'),
  honoured('whitelist_domains', 'list', { flag: 'whitelist-domain' }),
  honoured('redirect_url'),
  honoured('relative_redirect_url', 'flag'),
  honoured('proxy_prefix'),
  harmless('custom_sign_in_logo', 'text', PAGE, ['-', '']),
  harmless('custom_templates_dir', 'text', PAGE),
  harmless('banner', 'text', PAGE, ['-', '']),
  harmless('footer', 'text', PAGE, ['-', '']),
  harmless('display_htpasswd_form', 'flag', PAGE, ['true', 'false']),
  harmless('show_debug_on_error', 'flag', 'a page never shows what went wrong inside', off),
  harmless('encode_state', 'flag', 'the state is sealed', ['true', 'false']),
  harmless('allow_query_semicolons', 'flag', 'a query is passed on as it came', off),

  // Headers.
  honoured('set_xauthrequest', 'flag'),
  honoured('set_authorization_header', 'flag'),
  honoured('pass_access_token', 'flag', { why: 'as `X-Auth-Request-Access-Token`, with `set_xauthrequest`' }),
  harmless('pass_authorization_header', 'flag', UPSTREAM, off),
  harmless('pass_basic_auth', 'flag', UPSTREAM, ['true', 'false']),
  harmless('pass_user_headers', 'flag', UPSTREAM, ['true', 'false']),
  harmless('prefer_email_to_user', 'flag', UPSTREAM, off),
  harmless('skip_auth_strip_headers', 'flag', 'identity headers of clients never count', ['true']),
  refused('set_basic_auth', 'flag', 'no password is made up for anybody', off),
  refused('basic_auth_password', 'text', 'no password is made up for anybody'),
  refused('signature_key', 'text', UPSTREAM),

  // Cookies and sessions.
  honoured('cookie_name'),
  honoured('cookie_secret', 'text', {
    secret: true,
    why: 'seals sessions in cookies and sign-ins in flight',
  }),
  honoured('cookie_secret_file'),
  honoured('cookie_domains', 'list', { flag: 'cookie-domain' }),
  honoured('cookie_path'),
  honoured('cookie_expire', 'duration', { why: '0, a cookie until the browser closes, is refused' }),
  honoured('cookie_refresh', 'duration', { why: 'with Redis; sessions in cookies are not renewed' }),
  honoured('cookie_secure', 'flag', { why: 'on https always' }),
  honoured('cookie_samesite'),
  honoured('cookie_csrf_expire', 'duration'),
  honoured('cookie_csrf_samesite'),
  harmless('cookie_httponly', 'flag', 'cookies are always HttpOnly', ['true']),
  harmless('cookie_csrf_per_request', 'flag', 'one login cookie carries any number of sign-ins', [
    'true',
    'false',
  ]),
  harmless('cookie_csrf_per_request_limit', 'number', 'one login cookie carries any number of sign-ins'),
  honoured('session_store_type', 'text', { why: '`cookie` or `redis`' }),
  harmless('session_cookie_minimal', 'flag', 'what lies in a cookie is sealed', ['true', 'false']),
  honoured('redis_connection_url', 'text', { secret: true }),
  honoured('redis_username'),
  honoured('redis_password', 'text', { secret: true }),
  honoured('redis_use_sentinel', 'flag'),
  honoured('redis_sentinel_master_name'),
  honoured('redis_sentinel_password', 'text', { secret: true }),
  honoured('redis_sentinel_connection_urls', 'list', { secret: true }),
  honoured('redis_use_cluster', 'flag'),
  honoured('redis_cluster_connection_urls', 'list', { secret: true }),
  honoured('redis_ca_path'),
  refused('redis_insecure_skip_tls_verify', 'flag', 'name its CA in `redis_ca_path`', off),
  harmless('redis_connection_idle_timeout', 'number', 'a line that was closed is opened again'),

  // Where it listens.
  honoured('http_address', 'text', { why: 'ADDRESS:PORT; sockets of other kinds are refused' }),
  honoured('metrics_address'),
  honoured('reverse_proxy', 'flag', { why: 'forwarded headers count from `trusted_proxy_ips` only' }),
  honoured('trusted_proxy_ips', 'list', {
    flag: 'trusted-proxy-ip',
    why: 'without it, nobody’s forwarded headers count',
  }),
  harmless('real_client_ip_header', 'text', 'no rule here goes by an address'),
  harmless('https_address', 'text', 'listens over TLS only with a certificate, which is refused', [':443']),
  refused('tls_cert_file', 'text', TLS),
  refused('tls_key_file', 'text', TLS),
  harmless('tls_cipher_suites', 'list', 'there is no TLS here'),
  harmless('tls_min_version', 'text', 'there is no TLS here'),
  refused('metrics_secure_address', 'text', 'write `metrics_address`'),
  refused('metrics_tls_cert_file', 'text', 'write `metrics_address`'),
  refused('metrics_tls_key_file', 'text', 'write `metrics_address`'),
  refused('ping_path', 'text', 'probes ask at `/ping`', ['/ping']),
  refused('ready_path', 'text', 'probes ask at `/ready`', ['/ready']),

  // What it would pass on.
  honoured('upstreams', 'list', { flag: 'upstream', why: '`static://200`; any other is refused' }),
  harmless('upstream_timeout', 'duration', UPSTREAM),
  harmless('flush_interval', 'duration', UPSTREAM),
  harmless('pass_host_header', 'flag', UPSTREAM, ['true']),
  harmless('proxy_websockets', 'flag', UPSTREAM, ['true']),
  harmless('ssl_upstream_insecure_skip_verify', 'flag', UPSTREAM, off),
  harmless('disable_keep_alives', 'flag', UPSTREAM, off),

  // Logs.
  harmless('auth_logging', 'flag', LOG, ['true']),
  harmless('auth_logging_format', 'text', LOG),
  harmless('request_logging', 'flag', LOG, ['true']),
  harmless('request_logging_format', 'text', LOG),
  harmless('standard_logging', 'flag', LOG, ['true']),
  harmless('standard_logging_format', 'text', LOG),
  harmless('silence_ping_logging', 'flag', LOG, ['true', 'false']),
  harmless('errors_to_info_log', 'flag', LOG, off),
  { ...harmless('exclude_logging_paths', 'list', LOG), flag: 'exclude-logging-path' },
  harmless('logging_filename', 'text', LOG),
  harmless('logging_max_size', 'number', LOG),
  harmless('logging_max_age', 'number', LOG),
  harmless('logging_max_backups', 'number', LOG),
  harmless('logging_local_time', 'flag', LOG, ['true', 'false']),
  harmless('logging_compress', 'flag', LOG, off),
  harmless('request_id_header', 'text', LOG),
]

const flagOf = (option: CompatOption): CompatOption => ({
  ...option,
  flag: option.flag ?? plainFlags[option.name] ?? option.name.replaceAll('_', '-'),
})
/** Where the flag is the singular of the name. */
const plainFlags: Readonly<Record<string, string>> = {
  oidc_audience_claims: 'oidc-audience-claim',
  oidc_public_key_files: 'oidc-public-key-file',
  trusted_ips: 'trusted-ip',
  htpasswd_user_groups: 'htpasswd-user-group',
  tls_cipher_suites: 'tls-cipher-suite',
}

export const oauth2ProxyOptions: readonly CompatOption[] = options.map(flagOf)
