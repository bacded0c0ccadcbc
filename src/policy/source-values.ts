/**
 * How one value of `principals`, `namespaces`, `serviceAccounts`, `trustDomains`, `ipBlocks` and
 * `remoteIpBlocks` is tested. Agrees with Istio's pilot/pkg/security/authz/model/generator.go.
 */
import { RE2JS } from 're2js'
import type { Attributes } from './attributes.ts'
import { inCidr, parseCidr } from './cidr.ts'
import type { Translate, ValueTest } from './field.ts'
import { expandPrincipal, expandTrustDomain, type TrustDomains } from './trust-domain.ts'

export const sourceIpValue: Translate = (value) => {
  const cidr = parseCidr(value)
  return cidr && { test: (a) => inCidr(cidr, a.sourceAddress) }
}

export const remoteIpValue: Translate = (value) => {
  const cidr = parseCidr(value)
  return cidr && { test: (a) => inCidr(cidr, a.remoteAddress) }
}

const spiffe = 'spiffe://'

function somePrincipal(attributes: Attributes, test: (name: string) => boolean): boolean {
  for (const name of attributes.source.principals) if (test(name)) return true
  return false
}

export function principalValue(domains: TrustDomains): Translate {
  return (value) => {
    const tests = expandPrincipal(value, domains).map(principalTest)
    const keys = tests.every((each) => each.keys) ? tests.flatMap((each) => each.keys ?? []) : undefined
    return { test: (a) => tests.some((each) => each.test(a)), ...(keys && { keys }) }
  }
}

function principalTest(value: string): ValueTest {
  if (value === '*') return { test: (a) => somePrincipal(a, (name) => name !== '') }
  if (value.startsWith('*')) {
    const text = value.slice(1)
    return {
      // The regular expression is `spiffe://.*text`: the scheme has to be there, beside the suffix.
      test: (a) =>
        somePrincipal(
          a,
          (name) =>
            name.startsWith(spiffe) && name.length >= spiffe.length + text.length && name.endsWith(text),
        ),
      ...(text !== '' && { keys: [{ dimension: 'principal', kind: 'suffix', text }] }),
    }
  }
  if (value.endsWith('*')) {
    const text = spiffe + value.slice(0, -1)
    return {
      test: (a) => somePrincipal(a, (name) => name.startsWith(text)),
      keys: [{ dimension: 'principal', kind: 'prefix', text }],
    }
  }
  const text = spiffe + value
  return {
    test: (a) => somePrincipal(a, (name) => name === text),
    keys: [{ dimension: 'principal', kind: 'exact', text }],
  }
}

/** Any name with `/ns/VALUE/` in it, each `*` of the value standing for any text. */
export const namespaceValue: Translate = (value) => {
  if (!value.includes('*')) {
    const text = `/ns/${value}/`
    return {
      test: (a) => somePrincipal(a, (name) => name.includes(text)),
      ...(!value.includes('/') && { keys: [{ dimension: 'namespace', kind: 'exact', text: value }] }),
    }
  }
  const regex = RE2JS.compile(`.*/ns/${value.split('*').map(quote).join('.*')}/.*`)
  return { test: (a) => somePrincipal(a, (name) => regex.matches(name)) }
}

/** `SA` or `NAMESPACE/SA`; without one the policy's own namespace is meant. */
export function serviceAccountValue(policyNamespace: string): Translate {
  return (value) => {
    const slash = value.indexOf('/')
    const namespace = slash === -1 ? policyNamespace : value.slice(0, slash)
    const account = slash === -1 ? value : value.slice(slash + 1)
    const regex = RE2JS.compile(`spiffe://.+/ns/${quote(namespace)}/(.+/|)sa/${quote(account)}(/.+)?`)
    return {
      test: (a) =>
        somePrincipal(a, (name) => name.includes(account) && name.includes(namespace) && regex.matches(name)),
      ...(!namespace.includes('/') && {
        keys: [{ dimension: 'namespace', kind: 'exact', text: namespace }],
      }),
    }
  }
}

export function trustDomainValue(domains: TrustDomains): Translate {
  return (value) => {
    const tests = expandTrustDomain(value, domains).map(trustDomainTest)
    return { test: (a) => somePrincipal(a, (name) => tests.some((test) => test(name))) }
  }
}

function trustDomainTest(value: string): (name: string) => boolean {
  if (value === '*') return (name) => name.startsWith(spiffe)
  const star = value.indexOf('*')
  if (star === -1) {
    const prefix = `${spiffe}${value}/`
    return (name) => name.startsWith(prefix)
  }
  const regex = RE2JS.compile(
    `spiffe://${quote(value.slice(0, star))}[^/]*${quote(value.slice(star + 1))}/.*`,
  )
  return (name) => regex.matches(name)
}

/** Go's regexp.QuoteMeta. */
function quote(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
