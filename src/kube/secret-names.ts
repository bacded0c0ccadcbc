/** Names under which configurations keep what nobody else may know; and names that look like it and do not. */

const secretWord =
  /(secret|password|passwd|passphrase|pass|pwd|token|bindpw|bearer|hash|salt|hmac|credentials?|cookie[-_]?secret|connection[-_]?(url|string)|dsn|auth|apikey|[-_.](key|pin|pw|psk)|[a-z](Key|Pw|Psk))$/i

/** These end like secrets and are none: names, addresses, switches the rules read. */
const plainWord =
  /^(secretname|secretkeyref|secretref|credentialname|credentialnames|hashfromenv|secretenv|idenv|imagepullsecrets|automountserviceaccounttoken|forwardoriginaltoken|serviceaccounttoken|skip_jwt_bearer_tokens|enable_m2m_tokens|set_authorization_header|pass_access_token|pass_authorization_header|userid_token_header|oauth2_proxy_(skip_jwt_bearer_tokens|set_authorization_header|pass_access_token|pass_authorization_header)|external_?auth|require_?auth|skip_?auth|topologykey|hash_?key|k-network-hash|header_?key|lookup_?key|matchlabelkeys|tls[._-]key|ssl[._-]key|private_?key_?file|authorization_?(url|endpoint)|token_?(url|endpoint|exchange)|basic_?auth)$/i

/** A setting, field or flag that holds a secret. */
export function isSecretName(name: string): boolean {
  const last = name.replace(/^.*\./, '')
  return secretWord.test(name) && !plainWord.test(last) && !plainWord.test(name)
}

/** A request header that carries one. */
export function isSecretHeader(name: string): boolean {
  return /^(proxy-)?authorization$|cookie$|(^|[-_])(api|access|auth|secret|shared)[-_]?(key|token|secret)$|(token|secret|password|api-?key|credential)s?$/i.test(
    name,
  )
}

/** Variables that the auth services, Pipelines, the web apps, Istio and KServe are set by, and that rules read. */
const knownSetting =
  /^(OIDC|OAUTH2_PROXY|USERID|AUTHSERVICE|SKIP_AUTH|REDIRECT|AFTER|GROUPS|SESSION|HOMEPAGE|AUDIENCES|CLIENT_ID|CLIENT_NAME|CACHE|APP|KUBEFLOW|MULTIUSER|ISTIO|PILOT|ENABLE|JWT|TRUST_DOMAIN|POD|INSTANCE_IP|HOST_IP|SERVICE_ACCOUNT|CLUSTER|META|NAMESPACE|SYSTEM_NAMESPACE|PROXY_CONFIG|REGISTRATION|DASHBOARD|WORKLOAD|NOTEBOOK_CONTROLLER|KFP_UI|PIPELINE|ML_PIPELINE|METADATA|CD|USER|PREFIX|PORT|SERVER_TYPE|STORE_PATH|TEMPLATE_PATH|WEB_SERVER|VERIFY|CA_BUNDLE|ID_TOKEN|IDTOKEN|ACCESS_TOKEN_AUTHN|KUBERNETES_AUTHN|EXTERNAL_AUTHZ|AUTHZ|AUTH_METHOD_HEADER|AUTH_HEADER|TOKEN_HEADER|TOKEN_SCHEME|STRICT_SESSION)(_|$)/

/**
 * Whether a variable's literal may stay: rules read it, or it is a switch, a small number, or an
 * address. A name nobody knows with any other value is taken for a secret.
 */
export function mayStay(name: string, value: string): boolean {
  if (isSecretName(name) && !/^(true|false|)$/i.test(value)) return false
  if (knownSetting.test(name)) return true
  return /^(|true|false|yes|no|on|off|\d{1,5}|\d{1,4}(ms|s|m|h|d)|https?:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?|[\w-]+(\.[\w-]+)*\.(svc|svc\.cluster\.local)(:\d+)?|\/[\w./-]+)$/i.test(
    value,
  )
}
