import type { Condition } from '../mesh/index.ts'
import { compileField, type FieldResult, type Translate } from './field.ts'
import { destinationIpValue, portValue, sniValue } from './operation-values.ts'
import {
  namespaceValue,
  principalValue,
  remoteIpValue,
  serviceAccountValue,
  sourceIpValue,
  trustDomainValue,
} from './source-values.ts'
import { claimValue, headerValue, requestPrincipalValue } from './token-values.ts'
import type { TrustDomains } from './trust-domain.ts'

export interface ConditionContext {
  readonly domains: TrustDomains
  readonly policyNamespace: string
  /** On a TCP port what only HTTP has cannot be translated. */
  readonly tcp: boolean
}

/** One entry of `when`; undefined = the key is unknown, which drops the rule whatever its action. */
export function compileCondition(when: Condition, context: ConditionContext): FieldResult | undefined {
  const key = when.key.value
  const known = translateKey(key, context)
  if (known === undefined) return undefined
  const { translate, whole } = known
  return compileField(`when ${key}`, when.at, when.values, when.notValues, translate, whole)
}

const bad: Translate = () => undefined

/** Istio's pilot/pkg/security/authz/model/model.go, New. */
function translateKey(
  key: string,
  context: ConditionContext,
): { readonly translate: Translate; readonly whole: boolean } | undefined {
  const http = (translate: Translate, whole: boolean) => ({ translate: context.tcp ? bad : translate, whole })
  switch (key) {
    case 'destination.ip':
      return { translate: destinationIpValue, whole: false }
    case 'destination.port':
      return { translate: portValue, whole: false }
    case 'connection.sni':
      return { translate: sniValue, whole: false }
    case 'source.ip':
      return { translate: sourceIpValue, whole: false }
    case 'remote.ip':
      return { translate: remoteIpValue, whole: false }
    case 'source.namespace':
      return { translate: namespaceValue, whole: false }
    case 'source.trustDomain':
      return { translate: trustDomainValue(context.domains), whole: false }
    case 'source.serviceAccount':
      return { translate: serviceAccountValue(context.policyNamespace), whole: false }
    case 'source.principal':
      return { translate: principalValue(context.domains), whole: false }
    case 'request.auth.principal':
      return http(requestPrincipalValue, true)
    case 'request.auth.audiences':
      return http(claimValue(['aud']), true)
    case 'request.auth.presenter':
      return http(claimValue(['azp']), true)
  }
  if (key.startsWith('experimental.envoy.filters.')) {
    // Dynamic metadata of other filters: of what istiod configures, none writes a string there.
    const translate: Translate = key.includes('[') ? () => ({ test: () => false }) : bad
    return { translate, whole: true }
  }
  if (key.startsWith('request.headers')) {
    const name = inBrackets(key.slice('request.headers'.length))
    return http(name === undefined ? bad : headerValue(name), false)
  }
  if (key.startsWith('request.auth.claims')) {
    const names = claimPath(key.slice('request.auth.claims'.length))
    return http(names === undefined ? bad : claimValue(names), true)
  }
  return undefined
}

function inBrackets(text: string): string | undefined {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : undefined
}

/**
 * `[a][b]` is a path of two; brackets that do not nest cleanly make the whole inner text one name; no
 * brackets at all is the empty path, which matches nothing (util.go, extractNameInNestedBrackets).
 */
export function claimPath(text: string): readonly string[] | undefined {
  const names: string[] = []
  for (let begin = 0; begin < text.length; ) {
    const end = text.indexOf(']', begin)
    const inner = text[begin] === '[' && end !== -1 ? text.slice(begin + 1, end) : undefined
    if (inner === undefined || inner.includes('[')) {
      const whole = inBrackets(text)
      return whole === undefined ? undefined : [whole]
    }
    names.push(inner)
    begin = end + 1
  }
  return names
}
