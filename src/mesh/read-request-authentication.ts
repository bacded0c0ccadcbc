import type { Fields } from './fields.ts'
import type { JwtRule, Meta, RequestAuthentication } from './model.ts'
import { readSelector, readTargetRefs, values } from './read-meta.ts'

/** security.istio.io RequestAuthentication (istio/api security/v1beta1/request_authentication.proto). */
export function readRequestAuthentication(meta: Meta, spec: Fields): RequestAuthentication {
  return {
    ...meta,
    kind: 'RequestAuthentication',
    selector: readSelector(spec),
    targetRefs: readTargetRefs(spec),
    jwtRules: spec.list('jwtRules')?.map(readJwtRule) ?? [],
  }
}

function readJwtRule(rule: Fields): JwtRule {
  rule.known('presence')
  const read: JwtRule = {
    at: rule.at,
    issuer: rule.text('issuer') ?? { value: '', at: rule.at },
    audiences: rule.texts('audiences') ?? [],
    jwksUri: rule.text('jwksUri'),
    jwks: rule.text('jwks'),
    fromHeaders: (rule.list('fromHeaders') ?? []).map((header) => {
      const read = { name: header.string('name') ?? '', prefix: header.string('prefix'), at: header.at }
      header.done()
      return read
    }),
    fromParams: rule.texts('fromParams') ?? [],
    fromCookies: rule.texts('fromCookies') ?? [],
    outputPayloadToHeader: rule.text('outputPayloadToHeader'),
    outputClaimToHeaders: (rule.list('outputClaimToHeaders') ?? []).map((output) => {
      const read = {
        header: output.string('header') ?? '',
        claim: output.string('claim') ?? '',
        at: output.at,
      }
      output.done()
      return read
    }),
    forwardOriginalToken: rule.bool('forwardOriginalToken') ?? false,
    spaceDelimitedClaims: values(rule.texts('spaceDelimitedClaims')),
    timeoutMs: rule.duration('timeout'),
  }
  rule.done()
  return read
}
