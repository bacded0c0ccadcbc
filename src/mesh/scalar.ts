import type { Scalar } from './tree.ts'

/**
 * What an unquoted YAML scalar means to Kubernetes: YAML 1.1 as sigs.k8s.io/yaml (goyaml.v2,
 * resolve.go) reads it, so `yes`, `on` and `010` are not the strings they look like. Timestamps stay
 * strings there, and here.
 */
export function resolvePlain(text: string): Scalar {
  if (text === '') return null
  const first = text.charCodeAt(0)
  // Nearly every scalar is a word or a path; only these first characters can start anything else.
  if (first > 57 /* 9 */ || first === 47 /* / */) {
    const word = words.get(text)
    return word === undefined ? text : word
  }
  const word = words.get(text)
  if (word !== undefined) return word
  return resolveNumber(text)
}

const words: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((t) => [t, true] as const),
  ...['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((t) => [t, false] as const),
  ...['~', 'null', 'Null', 'NULL'].map((t) => [t, null] as const),
])

function resolveNumber(text: string): Scalar {
  const digits = text.includes('_') ? text.replaceAll('_', '') : text
  if (/^[-+]?(0|[1-9][0-9]*)$/.test(digits)) return integer(digits, text)
  if (/^[-+]?0b[01]+$/.test(digits) || /^[-+]?0x[0-9a-fA-F]+$/.test(digits)) return signed(digits, text)
  if (/^[-+]?0o?[0-7]+$/.test(digits)) return signed(digits.replace(/^([-+]?)0o?/, '$10o'), text)
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(digits)) {
    const number = Number(digits)
    return Number.isFinite(number) ? number : text
  }
  return text
}

function integer(digits: string, text: string): Scalar {
  const number = Number(digits)
  // Beyond 2^53 the digits would change; nothing in a mesh needs such a number as a number.
  return Number.isSafeInteger(number) ? number : text
}

function signed(digits: string, text: string): Scalar {
  const negative = digits.startsWith('-')
  const number = Number(digits.replace(/^[-+]/, ''))
  if (!Number.isSafeInteger(number)) return text
  return negative ? -number : number
}
