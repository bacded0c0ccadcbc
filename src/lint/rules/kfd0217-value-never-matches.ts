import type { At } from '../../base/index.ts'
import type { AuthorizationPolicy } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf, operationsOf, sourcesOf } from '../walk.ts'

/** Values no request has, as Istio compares them. */
export const valueNeverMatches: Rule = {
  code: 'KFD0217',
  severity: 'warning',
  title: 'a value in a policy can never match',
  why: 'Methods are compared in capitals, paths begin with a slash and carry no query, and a star counts at one end only. A value outside of that matches no request, and the rule does less than it says.',
  remedy: 'Write the value as requests carry it.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      for (const { value, at, why, better } of oddValues(policy)) {
        yield {
          message: `\`${value}\` in ${nameOf(policy)} matches no request: ${why}`,
          evidence: [{ at, text: value }],
          ...(better !== undefined && { fix: { at, replace: value, with: better } }),
        }
      }
    }
  },
}

interface Odd {
  readonly value: string
  readonly at: At
  readonly why: string
  readonly better?: string
}

function* oddValues(policy: AuthorizationPolicy): Generator<Odd> {
  for (const { operation } of operationsOf(policy)) {
    for (const { value, at } of [...(operation.methods ?? []), ...(operation.notMethods ?? [])]) {
      if (value !== '*' && /[a-z]/.test(value)) {
        yield { value, at, why: 'methods are compared in capitals', better: value.toUpperCase() }
      }
    }
    for (const { value, at } of [...(operation.paths ?? []), ...(operation.notPaths ?? [])]) {
      if (value.includes('{')) continue
      if (!value.startsWith('/') && !value.startsWith('*')) {
        yield { value, at, why: 'a path begins with a slash', better: `/${value}` }
      } else if (/[?#]/.test(value)) {
        yield { value, at, why: 'query and fragment are cut off before paths are compared' }
      } else if (starInside(value) && !/^\/.*\*\*$/.test(value)) {
        yield { value, at, why: inside }
      }
    }
    for (const { value, at } of [...(operation.hosts ?? []), ...(operation.notHosts ?? [])]) {
      if (/^https?:\/\//.test(value)) {
        yield { value, at, why: 'a host carries no scheme', better: value.replace(/^https?:\/\//, '') }
      } else if (value.includes('/')) {
        yield { value, at, why: 'a host carries no path', better: value.slice(0, value.indexOf('/')) }
      } else if (starInside(value)) {
        yield { value, at, why: inside }
      }
    }
  }
  for (const { source } of sourcesOf(policy)) {
    for (const field of callers) {
      for (const { value, at } of source[field] ?? []) if (starInside(value)) yield { value, at, why: inside }
    }
  }
}

const inside = 'a star is a wildcard at one end only; inside it stands for itself'
const callers = [
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'namespaces',
  'notNamespaces',
] as const

/** A star that is neither the whole value nor its one star at an end. */
function starInside(value: string): boolean {
  if (value === '*') return false
  return (value.startsWith('*') ? value.slice(1) : value.replace(/\*$/, '')).includes('*')
}
