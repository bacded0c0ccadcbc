/** Objects of the mesh: what routes set and ask for, scripts, key sets, plug-ins' own settings. */
import type { Scrubber } from './scrub-text.ts'
import { variables, words } from './scrub-workload.ts'
import { isSecretHeader, isSecretName, mayStay, publicMembers } from './secret-names.ts'

type Value = unknown
type Fields = Record<string, Value>

/** Texts under telling names anywhere in an object: scripts, headers a route sets or asks for, key sets. */
export function deep(value: Value, scrubber: Scrubber, key = ''): Value {
  if (typeof value === 'string') return deepText(value, scrubber, key)
  if (Array.isArray(value)) return value.map((each) => deep(each, scrubber, key))
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Fields
  if (list(fields.env) || list(fields.args) || list(fields.command)) {
    const { env, args, command, ...others } = fields
    return {
      ...(deep(others, scrubber, key) as Fields),
      ...(env !== undefined && { env: variables(env, scrubber) ?? env }),
      ...(args !== undefined && { args: words(args, scrubber) ?? deep(args, scrubber) }),
      ...(command !== undefined && { command: words(command, scrubber) ?? deep(command, scrubber) }),
    }
  }
  // A plug-in's own words: nobody here knows which of them are secret.
  if (/^(pluginConfig|configuration|literal)$/.test(key)) return all(fields, scrubber, /^(@type|type_url)$/)
  const label = [fields.name, fields.key, fields.headerName].find((each) => typeof each === 'string') as
    | string
    | undefined
  const header =
    label === undefined
      ? undefined
      : (/^request\.(?:headers|auth\.claims)\[(.*)\]$/.exec(label)?.[1] ?? label)
  // Where a token is looked for is no token.
  const secret =
    key !== 'fromHeaders' && header !== undefined && (isSecretHeader(header) || isSecretName(header))
  return Object.fromEntries(
    Object.entries(fields).map(([name, inner]) => {
      if (secret && comparedWith.test(name)) return [name, all(inner, scrubber)]
      // A match on a header or a query of that name: whatever it is compared with.
      const matched = /^(headers|withoutHeaders|queryParams|set|add)$/.test(key)
      if (matched && (isSecretHeader(name) || isSecretName(name))) return [name, all(inner, scrubber)]
      const literal = variableMaps.test(key) && typeof inner === 'string' && !mayStay(name, inner)
      return [name, literal ? scrubber.fingerprint(inner) : deep(inner, scrubber, name)]
    }),
  )
}

const list = Array.isArray
/** Istio's and Envoy's spellings of what a header is compared with or set to. */
const comparedWith =
  /^(values?|notValues|exact|prefix|suffix|contains|regex|\w*match|raw_?value|safe_?regex|inline_?string)$/i
const variableMaps = /^(environmentVariables|proxyMetadata|key_?values)$/i

function deepText(value: string, scrubber: Scrubber, key: string): string {
  if (/^(inline_?code|lua)$/i.test(key)) return scrubber.lua(value)
  if (/^((inline_?)?bytes|configuration|pluginConfig)$/i.test(key)) return scrubber.fingerprint(value)
  if (key === 'string') return scrubber.within(value)
  if (/^inline_?string$/i.test(key)) return inlined(value, scrubber)
  if (/^jwks$/i.test(key)) return keySet(value, scrubber)
  if (/^(authorization|cookie|proxy-authorization|x-api-key)$/i.test(key) || isSecretName(key)) {
    return scrubber.fingerprint(value)
  }
  return scrubber.anywhere(value)
}

/** A script, a key set, a certificate, or anything else that Envoy reads from a text in its configuration. */
function inlined(value: string, scrubber: Scrubber): string {
  if (/\bfunction\b|:headers\(\)/.test(value)) return scrubber.lua(value)
  if (/^\s*\{\s*"keys"/.test(value)) return keySet(value, scrubber)
  return /^\s*-----BEGIN CERTIFICATE-----/.test(value)
    ? scrubber.anywhere(value)
    : scrubber.fingerprint(value)
}

/** `*`, `Bearer *`, `^Bearer .+$`: that there is one, and not which. */
const presence = /^\^?(\(\?i\))?(Bearer|Basic|Token)?([ *.+$]|\\s)*$/i

function all(value: Value, scrubber: Scrubber, but?: RegExp): Value {
  if (typeof value === 'string') return presence.test(value) ? value : scrubber.fingerprint(value)
  if (Array.isArray(value)) return value.map((each) => all(each, scrubber, but))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, but?.test(name) ? inner : all(inner, scrubber, but)]),
  )
}

/** Private halves go; the mark in their place says that something did. */
function keySet(text: string, scrubber: Scrubber): string {
  try {
    const { keys, ...rest } = JSON.parse(text) as { keys?: unknown }
    if (!Array.isArray(keys)) return scrubber.fingerprint(text)
    let gone = Object.keys(rest).length > 0
    const shown = keys.map((key: Fields) => {
      const secret = Object.entries(key).filter(([name]) => !publicMembers.test(name))
      if (secret.length === 0) return key
      gone = true
      const shared = key.kty === 'oct' ? { k: scrubber.digest(String(key.k)) } : {}
      const kept = Object.entries(key).filter(([name]) => publicMembers.test(name))
      return { ...Object.fromEntries(kept), ...shared, kfdoor: scrubber.fingerprint(JSON.stringify(secret)) }
    })
    return gone ? JSON.stringify({ keys: shown }) : text
  } catch {
    // Not JSON: no key anybody can use, and nobody knows what else.
    return scrubber.fingerprint(text)
  }
}
