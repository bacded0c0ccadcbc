/** Names under which configurations keep what nobody else may know; and names that look like it and do not. */

const secretWord =
  /(secret|password|passwd|passphrase|pass|pwd|token|bindpw|bearer|hash|salt|hmac|credentials?|cookie[-_]?secret|connection[-_]?(url|string)|dsn|auth|apikey|passcode|^(pin|psk|pw)|[-_.](key|pin|pw|psk|otp)|[a-z](Key|Pw|Psk))$/i

/** Said anywhere in a name, unless it ends as the name of something about one. */
const secretPart = /secret|password|passwd|passphrase|private_?key/i
const aboutOne =
  /(names?|refs?|env|files?|paths?|dir|db|expiry|ids?|enabled|policy|lifetime|provider|required|min|max|length|connector|grant|expiration|urls?|uri|endpoint|store|storage|mount|volumes?|type|format|scopes?|claims?|headers?|days|hours|seconds|interval)$/i

/** These end like secrets and are none: names, addresses, switches the rules read. */
const plainWord =
  /^(secretname|secretkeyref|secretref|credentialname|credentialnames|hashfromenv|secretenv|idenv|imagepullsecrets|automountserviceaccounttoken|forwardoriginaltoken|serviceaccounttoken|skip_jwt_bearer_tokens|enable_m2m_tokens|set_authorization_header|pass_access_token|pass_authorization_header|userid_token_header|oauth2_proxy_(skip_jwt_bearer_tokens|set_authorization_header|pass_access_token|pass_authorization_header)|external_?auth|require_?auth|skip_?auth|topologykey|hash_?key|k-network-hash|header_?key|lookup_?key|matchlabelkeys|tls[._-]key|ssl[._-]key|private_?key_?file|authorization_?(url|endpoint)|token_?(url|endpoint|exchange)|basic_?auth)$/i

/** A setting, field or flag that holds a secret. */
export function isSecretName(name: string): boolean {
  const last = name.replace(/^.*\./, '')
  if (plainWord.test(last) || plainWord.test(name)) return false
  return secretWord.test(name) || (secretPart.test(last) && !aboutOne.test(last))
}

/** A name above several of them: `passwords`, `credentials`, `secret` with fields below. */
export function isSecretGroup(name: string): boolean {
  // Dex's own lists, whose fields have names of their own.
  if (/^static(passwords|clients)$/i.test(name)) return false
  return (
    /(secret([-_]?(source|data|value))?|password|passwd|credential|token|api[-_]?key|hash|private[-_]?key)(s|es)?$/i.test(
      name,
    ) &&
    !plainWord.test(name) &&
    !/^serviceaccounttokens?$/i.test(name)
  )
}

/** A request header that carries one. */
export function isSecretHeader(name: string): boolean {
  return /^(proxy-)?authorization$|cookie$|(^|[-_])(api|access|auth|secret|shared|internal|client)[-_]?(key|token|secret)$|(token|secret|password|api-?key|credential)s?$|^x-(auth|key|pass)$|[-_](jwt[-_]assertion|assertion|jwt|signature|hmac|passphrase)$/i.test(
    name,
  )
}

/** Variables that the auth services, Pipelines, the web apps, Istio and KServe are set by, and that rules read. */
const knownSetting =
  /^(OIDC|OAUTH2_PROXY|USERID|AUTHSERVICE|SKIP_AUTH|HOMEPAGE|AUDIENCES|KUBEFLOW|MULTIUSER|ISTIO|PILOT|ENABLE|JWT|TRUST_DOMAIN|POD|INSTANCE_IP|HOST_IP|SERVICE_ACCOUNT|SYSTEM_NAMESPACE|PROXY_CONFIG|REGISTRATION|NOTEBOOK_CONTROLLER|KFP_UI|ML_PIPELINE|CA_BUNDLE|ID_TOKEN|IDTOKEN|ACCESS_TOKEN_AUTHN|KUBERNETES_AUTHN|EXTERNAL_AUTHZ|AUTHZ|AUTH_METHOD_HEADER|AUTH_HEADER|TOKEN_HEADER|TOKEN_SCHEME|STRICT_SESSION)(_|$)/

/** Names that begin like anybody's: only these are known. */
const knownName =
  /^(APP_(PREFIX|SECURE_COOKIES|DISABLE_AUTH|VERSION)|CLIENT_(ID|NAME)|CLUSTER_(ID|DOMAIN)|CACHE_(ENABLED|EXPIRATION_MINUTES)|SESSION_(MAX_AGE|SAME_SITE|STORE_\w+)|REDIRECT_URL|AFTER_(LOGIN|LOGOUT)_URL|GROUPS_(HEADER|CLAIM|ALLOWLIST)|NAMESPACE|METADATA_\w*(HOST|PORT|ADDRESS|NAME)|PIPELINE_\w*(HOST|PORT|LEVEL|IMAGE|PATH)|DASHBOARD_\w+|WORKLOAD_\w*NAME\w*|CD_REGISTRATION_FLOW|PREFIX|PORT|SERVER_(TYPE|PORT|HOSTNAME)|STORE_PATH|TEMPLATE_PATH|WEB_SERVER_PORT|VERIFY_AUTH_URL)$/

/**
 * Whether a variable's literal may stay: rules read it, or it is a switch, a small number, or an
 * address. A name nobody knows with any other value is taken for a secret.
 */
export function mayStay(name: string, value: string): boolean {
  if (isSecretName(name) && !/^(true|false|)$/i.test(value)) return false
  if (knownSetting.test(name) || knownName.test(name)) return true
  return /^(|true|false|yes|no|on|off|\d{1,5}|\d{1,4}(ms|s|m|h|d)|https?:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?|[\w-]+(\.[\w-]+)*\.(svc|svc\.cluster\.local)(:\d+)?|\/[\w./-]+|\{\}|\[\])$/i.test(
    value,
  )
}

/** Members of a public key (RFC 7517 §4, RFC 7518 §6): only they verify a token. */
export const publicMembers = /^(kty|use|key_ops|alg|kid|x5u|x5c|x5t|x5t#S256|n|e|crv|x|y|kfdoor)$/
