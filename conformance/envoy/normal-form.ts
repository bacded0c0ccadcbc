/**
 * Two Envoy configurations that mean the same, written the same. What is left out decides no request:
 *
 * - names for people and statistics: `statPrefix`, `altStatName`, `decorator`, `metadata`, filter
 *   chains' and listeners' `name`, `node`;
 * - where upstreams are (`loadAssignment`, `type`, TLS and keep-alive towards them, `cleanupInterval`),
 *   because the recordings put echo servers in their place;
 * - the order of virtual hosts, of matchers that must all hold, and of clusters;
 * - how a text is carried (`inlineBytes`, `inlineString`, a JWKS spaced otherwise), the spelling of
 *   fields (`http_service`), fields that say the default;
 * - `useOriginalDst`, which the recordings switched off where iptables would be needed.
 */
type Json = { readonly [name: string]: unknown }

const leftOut = new Set([
  'statPrefix',
  'altStatName',
  'decorator',
  'metadata',
  'node',
  'upstreamConnectionOptions',
  'cleanupInterval',
  'loadAssignment',
  'type',
  'connectTimeout',
  'useOriginalDst',
])

/** Lists whose order says nothing. */
const unordered: Readonly<Record<string, (entry: Json) => string>> = {
  virtualHosts: ({ name }) => String(name),
  headers: (entry) => JSON.stringify(entry),
  queryParameters: (entry) => JSON.stringify(entry),
  dynamicMetadata: (entry) => JSON.stringify(entry),
  clusters: ({ name }) => String(name),
}

export function normalForm(value: unknown, under = ''): unknown {
  if (Array.isArray(value)) {
    const list = value.map((entry) => normalForm(entry))
    const key = unordered[under]
    return key === undefined ? list : sortedBy(list as readonly Json[], key)
  }
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Json
  if (typeof fields.inlineBytes === 'string') {
    return { inline: plainText(Buffer.from(fields.inlineBytes, 'base64').toString()) }
  }
  if (typeof fields.inlineString === 'string') return { inline: plainText(fields.inlineString) }
  if (typeof fields.numerator === 'number' || 'denominator' in fields) {
    const whole = fields.denominator === 'MILLION' ? 1_000_000 : 100
    return { percent: (Number(fields.numerator ?? 0) / whole) * 100 }
  }
  const entries = Object.entries(fields)
    .filter(([name, each]) => !leftOut.has(name) && each !== '')
    .map(([name, each]) => [camelCase(name), normalForm(each, camelCase(name))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries)
}

function plainText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text.trim()
  }
}

function camelCase(name: string): string {
  return /^[a-z]+(_[a-z]+)+$/.test(name)
    ? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : name
}

function sortedBy(list: readonly Json[], key: (entry: Json) => string): readonly Json[] {
  return list
    .map((entry) => [key(entry), entry] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, entry]) => entry)
}
