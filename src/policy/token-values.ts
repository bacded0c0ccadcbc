/**
 * How one value of `requestPrincipals` and of the `request.auth` and `request.headers` conditions is
 * tested. Agrees with Istio's pilot/pkg/security/authz/model/generator.go.
 */
import { type Key, keyOf, type Translate } from './field.ts'
import { lowerCase, matchesValue, parseValuePattern, type ValuePattern } from './value-pattern.ts'

const anyText: ValuePattern = { kind: 'present' }

/** `issuer/subject`, parted at the last slash because an issuer is a URL. */
export const requestPrincipalValue: Translate = (value) => {
  const slash = value.lastIndexOf('/')
  const found = slash >= 0
  const issuer = found ? value.slice(0, slash) : value
  const subject = found ? value.slice(slash + 1) : ''
  let iss: ValuePattern = { kind: 'exact', text: issuer }
  let sub: ValuePattern = { kind: 'exact', text: subject }
  if (value === '*') {
    iss = anyText
    sub = anyText
  } else if (value.startsWith('*')) {
    if (found) {
      iss = issuer === '*' ? anyText : { kind: 'suffix', text: issuer.slice(1) }
    } else {
      iss = anyText
      sub = { kind: 'suffix', text: value.slice(1) }
    }
  } else if (value.endsWith('*')) {
    if (found) {
      sub = subject === '*' ? anyText : { kind: 'prefix', text: subject.slice(0, -1) }
    } else {
      iss = { kind: 'prefix', text: value.slice(0, -1) }
      sub = anyText
    }
  }
  const keys = keyOf(claimDimension(['sub']), sub) ?? keyOf(claimDimension(['iss']), iss)
  return {
    test: (a) => {
      const { claims } = a
      if (claims === undefined) return false
      const { iss: gotIssuer, sub: gotSubject } = claims
      return (
        typeof gotIssuer === 'string' &&
        typeof gotSubject === 'string' &&
        matchesValue(iss, gotIssuer) &&
        matchesValue(sub, gotSubject)
      )
    },
    ...(keys && { keys }),
  }
}

function claimDimension(keys: readonly string[]): string {
  return `claim:${JSON.stringify(keys)}`
}

/** A string claim, or a list that holds one; numbers and booleans never match. */
export function claimValue(keys: readonly string[]): Translate {
  const dimension = claimDimension(keys)
  return (value) => {
    const pattern = parseValuePattern(value)
    const found = keyOf(dimension, pattern)
    const takes = (text: string) => matchesValue(pattern, text)
    return {
      test: (a) => a.claims !== undefined && a.someClaim(keys, takes),
      ...(found && { keys: found, keysSuffice: true }),
    }
  }
}

/** Repeated headers are tested one value at a time; a lone star takes an empty value too. */
export function headerValue(name: string): Translate {
  const lower = lowerCase(name)
  return (value) => {
    const pattern = parseValuePattern(value)
    if (pattern.kind === 'present') return { test: (a) => a.someHeader(lower, () => true) }
    return {
      test: (a) => a.someHeader(lower, (text) => matchesValue(pattern, text)),
      keys: keyOf(`header:${lower}`, pattern) as readonly Key[],
    }
  }
}
