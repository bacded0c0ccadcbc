import { type At, parseGoBool } from '../base/index.ts'
import type { AuthorizationPolicy, AuthorizationRule, Condition, Operation, Source, Text } from './model.ts'
import type { Complain } from './validate.ts'
import { checkAttachment } from './validate-attachment.ts'
import { type Complaint, isAddressOrRange } from './validate-names.ts'

/** Istio's ValidateAuthorizationPolicy (pkg/config/validation/validation.go). */
export function validateAuthorizationPolicy(policy: AuthorizationPolicy, complain: Complain): void {
  checkAttachment(policy, complain)
  const action = policy.action?.value ?? 'ALLOW'
  const at = policy.action?.at ?? policy.at
  // An empty list is the same as none once it went through protobuf.
  const rules = policy.rules ?? []
  if (rules.length === 0 && (action === 'DENY' || action === 'CUSTOM')) {
    complain(`${action} without \`rules\` never applies; \`rules: [{}]\` applies to every request`, at)
  }
  if (action === 'CUSTOM') {
    if (rules.length > 0 && !policy.provider?.value) complain('CUSTOM needs `provider.name`', at)
    for (const rule of rules) checkCustomRule(rule, complain)
  } else if (policy.provider)
    complain(`\`provider\` goes with CUSTOM only, and the action is ${action}`, policy.provider.at)
  checkDryRun(policy, action, complain)
  for (const rule of rules) checkRule(rule, complain)
}

function checkDryRun(policy: AuthorizationPolicy, action: string, complain: Complain): void {
  const { dryRun } = policy
  if (!dryRun) return
  if (action !== 'ALLOW' && action !== 'DENY') {
    complain(
      `the annotation \`istio.io/dry-run\` works with ALLOW and DENY, and the action is ${action}`,
      dryRun.at,
    )
  } else if (parseGoBool(dryRun.value) === undefined) {
    complain(`the annotation \`istio.io/dry-run\` is true or false, not \`${dryRun.value}\``, dryRun.at)
  }
}

/** What a mesh identity or a token says is not known before the provider was asked. */
const notBeforeCustom = [
  'namespaces',
  'notNamespaces',
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
] as const

const keysNotBeforeCustom = /^(source\.(namespace|principal|serviceAccount|trustDomain)$|request\.auth\.)/

function checkCustomRule(rule: AuthorizationRule, complain: Complain): void {
  for (const { source } of rule.from ?? []) {
    for (const name of notBeforeCustom) {
      if (source?.[name]?.length) complain(`\`${name}\` cannot be used with CUSTOM`, source.at)
    }
  }
  for (const { key } of rule.when ?? []) {
    if (keysNotBeforeCustom.test(key.value))
      complain(`the key \`${key.value}\` cannot be used with CUSTOM`, key.at)
  }
}

function checkRule(rule: AuthorizationRule, complain: Complain): void {
  for (const { source, at } of rule.from ?? []) {
    if (source) checkSource(source, complain)
    else complain('a `from` entry has no `source`', at)
  }
  for (const { operation, at } of rule.to ?? []) {
    if (operation) checkOperation(operation, complain)
    else complain('a `to` entry has no `operation`', at)
  }
  for (const condition of rule.when ?? []) checkCondition(condition, complain)
}

function checkSource(source: Source, complain: Complain): void {
  const { at, ...fields } = source
  const written = Object.values(fields).filter((values) => values !== undefined && values.length > 0)
  if (written.length === 0) complain('a `source` is empty', at)
  const accounts = (source.serviceAccounts?.length ?? 0) + (source.notServiceAccounts?.length ?? 0)
  const others = [source.principals, source.notPrincipals, source.namespaces, source.notNamespaces]
  if (accounts > 0 && others.some((values) => values?.length)) {
    complain('`serviceAccounts` cannot stand beside `principals` or `namespaces`', at)
  }
  for (const [name, values] of Object.entries(fields)) {
    checkEach(values, complain, name, checkEmpty)
    if (/ipblocks$/i.test(name)) checkEach(values, complain, name, checkAddress)
    if (/serviceaccounts$/i.test(name)) checkAccounts(values, complain, name, at)
    if (/trustdomains$/i.test(name)) checkEach(values, complain, name, checkTrustDomain)
  }
}

function checkOperation(operation: Operation, complain: Complain): void {
  const { at, ...fields } = operation
  const written = Object.values(fields).filter((values) => values !== undefined && values.length > 0)
  if (written.length === 0) complain('an `operation` is empty', at)
  for (const [name, values] of Object.entries(fields)) {
    checkEach(values, complain, name, checkEmpty)
    if (/ports$/i.test(name)) checkEach(values, complain, name, checkPortText)
    if (/paths$/i.test(name)) checkEach(values, complain, name, checkPathTemplate)
  }
}

function checkEach(
  values: readonly Text[] | undefined,
  complain: Complain,
  name: string,
  check: (value: string) => Complaint,
): void {
  for (const { value, at } of values ?? []) {
    const wrong = check(value)
    if (wrong) complain(`\`${name}\`: ${wrong}`, at)
  }
}

const checkEmpty = (value: string): Complaint => (value === '' ? 'an empty value matches nothing' : undefined)
const checkAddress = (value: string): Complaint =>
  isAddressOrRange(value) ? undefined : `\`${value}\` is no IP address or CIDR range`
/** Port 0 is fine with Istio here. */
const checkPortText = (value: string): Complaint =>
  /^[0-9]+$/.test(value) && Number(value) <= 65_535 ? undefined : `\`${value}\` is no port`

function checkTrustDomain(value: string): Complaint {
  if (value.includes('/')) return `\`${value}\`: a trust domain has no \`/\``
  return checkWildcard(value)
}

/** istio pkg/config/security/security.go, CheckWildcardValues. */
function checkWildcard(value: string): Complaint {
  return /^(?:\*|[^*]+\*?|\*[^*]+)?$/.test(value)
    ? undefined
    : `\`${value}\`: one \`*\` may stand, at the start or the end`
}

function checkAccounts(values: readonly Text[] | undefined, complain: Complain, name: string, at: At): void {
  if ((values?.length ?? 0) > 16) complain(`\`${name}\` has more than 16 values`, at)
  checkEach(values, complain, name, checkAccount)
}

function checkAccount(value: string): Complaint {
  if (value.includes('*')) return `\`${value}\`: an account is written out, without \`*\``
  if (value.length > 320) return 'an account is longer than 320 characters'
  return /^[^/]+(\/[^/]+)?$/.test(value) || value === ''
    ? undefined
    : `\`${value}\` is neither NAME nor NAMESPACE/NAME`
}

/**
 * `{*}` is a whole segment, `{**}` the last operator, and beside them segments are literal; braces
 * mean nothing else (istio pkg/config/security/security.go, CheckValidPathTemplate).
 */
function checkPathTemplate(path: string): Complaint {
  const template = path.includes('{*}') || path.includes('{**}')
  let ended = false
  for (const segment of path.replace(/^\/+|\/+$/g, '').split('/')) {
    if (segment === '{*}' || segment === '{**}') {
      if (ended) return `\`${path}\`: \`{**}\` has to be the last operator`
      ended = segment === '{**}'
    } else if (/[{}]/.test(segment))
      return `\`${path}\`: braces are only for \`{*}\` and \`{**}\`, each a whole segment`
    else if (template && !/^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/.test(segment)) {
      return `\`${path}\`: beside \`{*}\` a segment is literal, and \`${segment}\` is not`
    }
  }
  return undefined
}

function checkCondition(condition: Condition, complain: Complain): void {
  const { key, values = [], notValues = [], at } = condition
  if (key.value === '') complain('a condition has no `key`', at)
  else if (values.length + notValues.length === 0) {
    complain(`the condition on \`${key.value}\` has neither \`values\` nor \`notValues\``, at)
  } else {
    const wrong = checkKey(key.value)
    if (wrong) complain(wrong, key.at)
    for (const list of [values, notValues]) {
      checkEach(
        list,
        complain,
        key.value,
        (value) => checkEmpty(value) ?? checkConditionValue(key.value, value),
      )
    }
  }
}

const plainKeys: ReadonlySet<string> = new Set([
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'source.trustDomain',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
])

function checkKey(key: string): Complaint {
  if (plainKeys.has(key)) return undefined
  if (/^(request\.headers|request\.auth\.claims|experimental\.envoy\.filters\.)/.test(key)) {
    const open = key.indexOf('[')
    const good = key.endsWith(']') && open > 0 && open < key.length - 2
    return good ? undefined : `the key \`${key}\` needs a name in brackets, as in \`request.headers[x-user]\``
  }
  if (key === 'destination.namespace')
    return 'the key `destination.namespace` is replaced by the policy’s namespace'
  if (key.startsWith('destination.labels')) return `the key \`${key}\` is replaced by the policy’s selector`
  return `there is no key \`${key}\``
}

function checkConditionValue(key: string, value: string): Complaint {
  if (key === 'source.ip' || key === 'remote.ip' || key === 'destination.ip') return checkAddress(value)
  if (key === 'destination.port') return checkPortText(value)
  if (key === 'source.serviceAccount') return checkAccount(value)
  // As a condition it may hold a `/`: there the webhook looks at the star alone.
  if (key === 'source.trustDomain') return checkWildcard(value)
  return undefined
}
