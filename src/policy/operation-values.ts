/**
 * How one value of `hosts`, `methods`, `paths`, `ports` and of the `destination` and `connection`
 * conditions is tested. Agrees with Istio's pilot/pkg/security/authz/model/generator.go.
 */
import { inCidr, parseCidr } from './cidr.ts'
import { type Key, keyOf, type Translate } from './field.ts'
import { isPathTemplate, literalPrefix, matchesPathTemplate, parsePathTemplate } from './path-template.ts'
import { lowerCase, matchesValue, parseValuePattern } from './value-pattern.ts'

/** The port is not taken off: `a.com` leaves `a.com:8080`. Case does not matter. */
export const hostValue: Translate = (value) => {
  const pattern = parseValuePattern(lowerCase(value))
  // A lone star is presence here, and `:authority` is always present.
  if (pattern.kind === 'present') return { test: () => true }
  const keys = keyOf('host', pattern) as readonly Key[]
  return { test: (a) => matchesValue(pattern, a.host), keys, keysSuffice: true }
}

export const methodValue: Translate = (value) => {
  const pattern = parseValuePattern(value)
  if (pattern.kind === 'present') return { test: () => true }
  return {
    test: (a) => matchesValue(pattern, a.source.method),
    keys: keyOf('method', pattern) as readonly Key[],
    keysSuffice: true,
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
  return { test: (a) => matchesValue(pattern, a.path), ...(keys && { keys, keysSuffice: true }) }
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
