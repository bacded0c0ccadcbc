/**
 * One field of a rule (`paths`, `notPrincipals`, a `when` key …) as a test of a request, with what is
 * needed to find it quickly and to explain it.
 *
 * Agrees with the generators in Istio's pilot/pkg/security/authz/model/generator.go. A value that
 * cannot be translated is asymmetric: an ALLOW rule is dropped whole, the other actions only lose the
 * value, or the field when no good value is left (model.go, checkError). Both deny more.
 */
import { RE2JS } from 're2js'
import type { At } from '../base/index.ts'
import type { Text } from '../mesh/index.ts'
import type { Attributes } from './attributes.ts'
import { inCidr, parseCidr } from './cidr.ts'
import { isPathTemplate, literalPrefix, matchesPathTemplate, parsePathTemplate } from './path-template.ts'
import { expandPrincipal, expandTrustDomain, type TrustDomains } from './trust-domain.ts'
import { lowerCase, matchesValue, parseValuePattern, type ValuePattern } from './value-pattern.ts'

/** A condition that every request the field takes fulfils: the index finds rules by it. */
export interface Key {
  /** What is looked at: `path`, `host`, `header:x-team`, `claim:["groups"]`, … */
  readonly dimension: string
  readonly kind: 'exact' | 'prefix' | 'suffix'
  readonly text: string
}

export interface Field {
  /** As written: `paths`, `notPaths`, `when request.headers[x-team]`. */
  readonly name: string
  readonly at: At
  readonly negated: boolean
  readonly values: readonly Text[]
  readonly test: (attributes: Attributes) => boolean
  /** One of them holds for every request that passes; undefined = none is known. */
  readonly keys?: readonly Key[]
}

/** How one value of a field is tested; undefined = the value is bad. */
interface ValueTest {
  readonly test: (attributes: Attributes) => boolean
  readonly keys?: readonly Key[]
}

export type Translate = (value: string) => ValueTest | undefined

/** `bad` = a value could not be translated, which drops an ALLOW rule. */
export type FieldResult = { readonly fields: readonly Field[]; readonly bad: readonly Text[] }

/**
 * A field and its `not` twin. `whole` = one bad value spoils all of them (what Istio calls an extended
 * generator), else only itself.
 */
export function compileField(
  name: string,
  at: At,
  values: readonly Text[] | undefined,
  notValues: readonly Text[] | undefined,
  translate: Translate,
  whole = false,
): FieldResult {
  const fields: Field[] = []
  const bad: Text[] = []
  for (const [list, negated] of [
    [values, false],
    [notValues, true],
  ] as const) {
    if (list === undefined || list.length === 0) continue
    const tests: ValueTest[] = []
    const spoiled: Text[] = []
    for (const value of list) {
      const test = translate(value.value)
      if (test === undefined) spoiled.push(value)
      else tests.push(test)
    }
    bad.push(...spoiled)
    if (tests.length === 0 || (whole && spoiled.length > 0)) continue
    fields.push(fieldOf(negated ? notName(name) : name, at, negated, list, tests))
  }
  return { fields, bad }
}

function notName(name: string): string {
  return name.startsWith('when ') ? `${name} notValues` : `not${name[0]?.toUpperCase()}${name.slice(1)}`
}

function fieldOf(
  name: string,
  at: At,
  negated: boolean,
  values: readonly Text[],
  tests: readonly ValueTest[],
): Field {
  const only = tests[0] as ValueTest
  const some =
    tests.length === 1
      ? only.test
      : (attributes: Attributes) => {
          for (const each of tests) if (each.test(attributes)) return true
          return false
        }
  if (negated) return { name, at, negated, values, test: (attributes) => !some(attributes) }
  const keys = tests.every((each) => each.keys !== undefined)
    ? tests.flatMap((each) => each.keys ?? [])
    : undefined
  return { name, at, negated, values, test: some, ...(keys && { keys }) }
}

function keyOf(dimension: string, pattern: ValuePattern): readonly Key[] | undefined {
  return pattern.kind === 'present' ? undefined : [{ dimension, kind: pattern.kind, text: pattern.text }]
}

// --- operations --------------------------------------------------------------------------------

/** The port is not taken off: `a.com` leaves `a.com:8080`. Case does not matter. */
export const hostValue: Translate = (value) => {
  const pattern = parseValuePattern(lowerCase(value))
  // A lone star is presence here, and `:authority` is always present.
  if (pattern.kind === 'present') return { test: () => true }
  return { test: (a) => matchesValue(pattern, a.host), keys: keyOf('host', pattern) as readonly Key[] }
}

export const methodValue: Translate = (value) => {
  const pattern = parseValuePattern(value)
  if (pattern.kind === 'present') return { test: () => true }
  return {
    test: (a) => matchesValue(pattern, a.source.method),
    keys: keyOf('method', pattern) as readonly Key[],
  }
}

export const pathValue: Translate = (value) => {
  if (isPathTemplate(value)) {
    const template = parsePathTemplate(value)
    const text = literalPrefix(template)
    return {
      test: (a) => matchesPathTemplate(template, a.path),
      ...(text !== '' && { keys: [{ dimension: 'path', kind: 'prefix', text }] }),
    }
  }
  const pattern = parseValuePattern(value)
  const keys = keyOf('path', pattern)
  return { test: (a) => matchesValue(pattern, a.path), ...(keys && { keys }) }
}

/** The listener's own port, not the Service's. */
export const portValue: Translate = (value) => {
  if (!/^[0-9]+$/.test(value) || Number(value) > 65535) return undefined
  const port = Number(value)
  return {
    test: (a) => a.source.port === port,
    keys: [{ dimension: 'port', kind: 'exact', text: String(port) }],
  }
}

export const destinationIpValue: Translate = (value) => {
  const cidr = parseCidr(value)
  return cidr && { test: (a) => inCidr(cidr, a.destinationAddress) }
}

export const sniValue: Translate = (value) => {
  const pattern = parseValuePattern(value)
  const keys = keyOf('sni', pattern)
  return { test: (a) => matchesValue(pattern, a.sni), ...(keys && { keys }) }
}

// --- sources -----------------------------------------------------------------------------------

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

// --- tokens and headers ------------------------------------------------------------------------

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

export function claimDimension(keys: readonly string[]): string {
  return `claim:${JSON.stringify(keys)}`
}

/** A string claim, or a list that holds one; numbers and booleans never match. */
export function claimValue(keys: readonly string[]): Translate {
  const dimension = claimDimension(keys)
  return (value) => {
    const pattern = parseValuePattern(value)
    const found = keyOf(dimension, pattern)
    return {
      test: (a) => a.claims !== undefined && a.someClaim(keys, (text) => matchesValue(pattern, text)),
      ...(found && { keys: found }),
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
