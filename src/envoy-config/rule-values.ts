/**
 * One value of an AuthorizationPolicy field as Envoy's RBAC asks it. Agrees with Istio's
 * pilot/pkg/security/authz/model/generator.go; written from it, not from the engine's own matchers.
 */
import { expandPrincipal, expandTrustDomain, parseCidr, type TrustDomains } from '../policy/index.ts'
import type { Json } from './json.ts'
import { exact, policyHeader, policyString, prefix, quoteMeta, regex, suffix } from './string-matcher.ts'

/** Permissions of one value; undefined = Istio cannot translate it. */
export type ValueOf = (value: string) => Json | undefined

export interface ValueContext {
  readonly domains: TrustDomains
  readonly policyNamespace: string
  /** On a TCP chain what only HTTP has cannot be translated. */
  readonly tcp: boolean
  /** The port Envoy sees for a port of the mesh; undefined = none does. */
  readonly port: (meshPort: number) => number | undefined
}

const cidrRange = (value: string): Json | undefined => {
  const range = parseCidr(value)
  if (range === undefined) return undefined
  const address = value.split('/')[0] as string
  return { addressPrefix: address, prefixLen: range.prefix }
}

/** How a written value becomes an address range; `name` is the RBAC field. */
export const rangeOf =
  (name: 'destinationIp' | 'directRemoteIp' | 'remoteIp'): ValueOf =>
  (value) => {
    const range = cidrRange(value)
    return range && { [name]: range }
  }

export const portOf =
  ({ port }: ValueContext): ValueOf =>
  (value) => {
    if (!/^[0-9]+$/.test(value) || Number(value) > 65535) return undefined
    const seen = port(Number(value))
    return seen === undefined ? { notRule: { any: true } } : { destinationPort: seen }
  }

export const sniOf: ValueOf = (value) => ({ requestedServerName: policyString(value) })
export const hostOf: ValueOf = (value) => ({ header: policyHeader(':authority', value, true) })
export const methodOf: ValueOf = (value) => ({ header: policyHeader(':method', value) })

export const pathOf: ValueOf = (value) => {
  if (!value.includes('{*}') && !value.includes('{**}')) return { urlPath: { path: policyString(value) } }
  const pathTemplate = value.replaceAll('{*}', '*').replaceAll('{**}', '**')
  return {
    uriTemplate: {
      name: 'uri-template',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
        pathTemplate,
      },
    },
  }
}

const authenticated = (principalName: Json): Json => ({ authenticated: { principalName } })

export const principalsOf =
  ({ domains }: ValueContext) =>
  (value: string): readonly Json[] =>
    expandPrincipal(value, domains).map((each) => authenticated(policyString(each, 'spiffe://')))

export const namespaceOf: ValueOf = (value) =>
  authenticated(regex(`.*/ns/${value.split('*').map(quoteMeta).join('.*')}/.*`))

export const serviceAccountOf =
  ({ policyNamespace }: ValueContext): ValueOf =>
  (value) => {
    const slash = value.indexOf('/')
    const [namespace, account] =
      slash === -1 ? [policyNamespace, value] : [value.slice(0, slash), value.slice(slash + 1)]
    return authenticated(regex(`spiffe://.+/ns/${quoteMeta(namespace)}/(.+/|)sa/${quoteMeta(account)}(/.+)?`))
  }

export const trustDomainsOf =
  ({ domains }: ValueContext) =>
  (value: string): readonly Json[] =>
    expandTrustDomain(value, domains).map((each) => {
      if (each === '*') return authenticated(prefix('spiffe://'))
      const star = each.indexOf('*')
      if (star === -1) return authenticated(prefix(`spiffe://${each}/`))
      const [before, behind] = [each.slice(0, star), each.slice(star + 1)]
      return authenticated(regex(`spiffe://${quoteMeta(before)}[^/]*${quoteMeta(behind)}/.*`))
    })

export const headerOf =
  (name: string): ValueOf =>
  (value) => ({ header: policyHeader(name, value) })

// --- claims --------------------------------------------------------------------------------------

/** Where jwt_authn leaves a token's claims for the filters behind it. */
const payloadPath = (claims: readonly string[]): Json => ({
  filter: 'envoy.filters.http.jwt_authn',
  path: [{ key: 'payload' }, ...claims.map((key) => ({ key }))],
})

/** A list that holds it, or the text itself. */
export function claimMatcher(claims: readonly string[], value: Json): Json {
  return {
    ...payloadPath(claims),
    value: { orMatch: { valueMatchers: [{ listMatch: { oneOf: value } }, value] } },
  }
}

const textMatch = (stringMatch: Json): Json => ({ stringMatch })

/** All values of a claim condition in one matcher. */
export function claimPrincipal(claims: readonly string[], values: readonly string[]): Json {
  const each = values.map((value) => textMatch(policyString(value)))
  const any = each.length === 1 ? (each[0] as Json) : { orMatch: { valueMatchers: each } }
  return { metadata: claimMatcher(claims, any) }
}

/** `issuer/subject`, parted at the last slash. */
export function requestPrincipal(values: readonly string[]): Json {
  const each = values.map((value) => {
    const [iss, sub] = issuerAndSubject(value)
    const claim = (name: string, match: Json): Json => ({
      metadata: { ...payloadPath([name]), value: textMatch(match) },
    })
    return { andIds: { ids: [claim('iss', iss), claim('sub', sub)] } }
  })
  return each.length === 1 ? (each[0] as Json) : { orIds: { ids: each } }
}

const anyText = regex('.+')

function issuerAndSubject(value: string): readonly [Json, Json] {
  const slash = value.lastIndexOf('/')
  const found = slash >= 0
  const [issuer, subject] = found ? [value.slice(0, slash), value.slice(slash + 1)] : [value, '']
  if (value === '*') return [anyText, anyText]
  if (value.startsWith('*')) {
    if (!found) return [anyText, suffix(value.slice(1))]
    return [issuer === '*' ? anyText : suffix(issuer.slice(1)), exact(subject)]
  }
  if (value.endsWith('*')) {
    if (!found) return [prefix(value.slice(0, -1)), anyText]
    return [exact(issuer), subject === '*' ? anyText : prefix(subject.slice(0, -1))]
  }
  return [exact(issuer), exact(subject)]
}
