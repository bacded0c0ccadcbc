import type { Claims } from './attributes.ts'
import { toBase64, utf8Bytes } from './base64url.ts'

/**
 * A claim as `outputClaimToHeaders` writes it: text, whole numbers and booleans as they read, other
 * numbers with six decimals, lists and objects as padded standard base64 of compact JSON. Empty = no
 * header. The claim's name is a path parted at every dot.
 *
 * Agrees with Envoy's authenticator.cc, addJWTClaimToHeader.
 */
export function claimHeaderText(payload: Claims, name: string): string {
  let value: unknown = payload
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ''
    value = Object.hasOwn(value, key) ? (value as Claims)[key] : undefined
  }
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
      return String(value)
    case 'number':
      return numberText(value)
    case 'object':
      return value === null ? '' : toBase64(utf8Bytes(jsonText(value)))
    default:
      return ''
  }
}

function numberText(value: number): string {
  if (value >= 0 && value < 2 ** 64 && Number.isInteger(value)) return BigInt(value).toString()
  // C's %f writes large numbers out; toFixed would switch to an exponent.
  return Math.abs(value) >= 1e21 ? `${BigInt(value)}.000000` : value.toFixed(6)
}

/** As protobuf writes JSON: compact, -0 with its sign, angle brackets escaped. */
function jsonText(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([name, each]) => `${quoted(name)}:${jsonText(each)}`)
    return `{${pairs.join(',')}}`
  }
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value)
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[<>\u007f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
