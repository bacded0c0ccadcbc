import type { JwtRule, PeerAuthentication, RequestAuthentication } from './model.ts'
import type { Complain } from './validate.ts'
import { checkAttachment } from './validate-attachment.ts'
import { type Complaint, checkDuration } from './validate-names.ts'

/** Istio's ValidateRequestAuthentication (pkg/config/validation/validation.go). */
export function validateRequestAuthentication(policy: RequestAuthentication, complain: Complain): void {
  checkAttachment(policy, complain)
  for (const rule of policy.jwtRules) checkJwtRule(rule, complain)
}

/** Istio's ValidatePeerAuthentication. */
export function validatePeerAuthentication(policy: PeerAuthentication, complain: Complain): void {
  checkAttachment({ ...policy, targetRefs: [] }, complain)
  const ports = Object.entries(policy.portLevelMtls)
  const everywhere = Object.keys(policy.selector ?? {}).length === 0
  for (const [port, { at }] of ports) {
    if (everywhere) complain('`portLevelMtls` needs a selector with labels', at)
    if (Number(port) < 1 || Number(port) > 65_535) complain(`port ${port} is not between 1 and 65535`, at)
  }
}

function checkJwtRule(rule: JwtRule, complain: Complain): void {
  if (rule.issuer.value === '' && !rule.jwksUri?.value)
    complain('a jwtRule needs an `issuer` or a `jwksUri`', rule.at)
  for (const audience of rule.audiences)
    if (audience.value === '') complain('an audience is empty', audience.at)
  if (rule.jwksUri?.value) {
    const wrong = checkUri(rule.jwksUri.value)
    if (wrong) complain(`\`jwksUri\`: ${wrong}`, rule.jwksUri.at)
  }
  if (rule.jwks?.value) {
    const wrong = checkJwks(rule.jwks.value)
    if (wrong) complain(`\`jwks\`: ${wrong}`, rule.jwks.at)
  }
  for (const header of rule.fromHeaders)
    if (header.name === '') complain('a `fromHeaders` entry has no name', header.at)
  for (const name of rule.fromParams)
    if (name.value === '') complain('a `fromParams` entry is empty', name.at)
  for (const name of rule.fromCookies)
    if (name.value === '') complain('a `fromCookies` entry is empty', name.at)
  for (const { header, claim, at } of rule.outputClaimToHeaders) {
    if (header === '' || claim === '')
      complain('an `outputClaimToHeaders` entry needs `header` and `claim`', at)
    else if (!/^[-_A-Za-z0-9]+$/.test(header)) complain(`\`${header}\` is no header name`, at)
  }
  if (rule.timeoutMs !== undefined) {
    const wrong = checkDuration(rule.timeoutMs)
    if (wrong) complain(`\`timeout\`: ${wrong}`, rule.at)
  }
}

/** Go's url.Parse with scheme http or https, as far as it refuses anything. */
function checkUri(uri: string): Complaint {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]?.toLowerCase() ?? ''
  if (scheme !== 'http' && scheme !== 'https') return `\`${uri}\` does not begin with http:// or https://`
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(uri)?.[1]
  const port = authority === undefined ? undefined : /(?:^|[^[]*\]|[^:@]*):([^:\]]*)$/.exec(authority)?.[1]
  if (port !== undefined && !/^[0-9]*$/.test(port)) return `\`${uri}\` has no number for a port`
  for (const character of uri) {
    const code = character.charCodeAt(0)
    if (code < 32 || code === 127) return 'it holds a control character'
  }
  if (authority !== undefined && /[ <>"^`{}|\\]/.test(authority)) return `\`${uri}\` has no valid host`
  if (/%(?![0-9a-fA-F]{2})/.test(uri.split(/[?#]/, 1)[0] ?? ''))
    return `\`${uri}\` has a broken percent escape`
  return undefined
}

const members: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  oct: ['k'],
}

/** A JWK set or a single key, RFC 7517. An empty list of keys passes here. */
function checkJwks(text: string): Complaint {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'it is not a JSON object'
  if (!('keys' in parsed)) return checkJwk(parsed)
  if (!Array.isArray(parsed.keys)) return '`keys` is not a list'
  for (const key of parsed.keys) {
    const wrong = checkJwk(key)
    if (wrong) return wrong
  }
  return undefined
}

function checkJwk(key: unknown): Complaint {
  if (typeof key !== 'object' || key === null) return 'a key is not an object'
  const { kty } = key as { kty?: unknown }
  const needed = typeof kty === 'string' && Object.hasOwn(members, kty) ? members[kty] : undefined
  if (!needed) return 'a key has no known `kty`'
  for (const member of needed) {
    const value = (key as Record<string, unknown>)[member]
    if (typeof value !== 'string' || value === '') return `a key of type ${kty} has no \`${member}\``
  }
  return undefined
}
