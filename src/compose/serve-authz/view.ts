import { stringify } from 'yaml'
import type { AuthzSettings } from './settings.ts'

const SECRET = /secret|password|key$/i

/** The settings as they are used, for `config view`: what is secret is only said to be there. */
export function viewSettings(settings: AuthzSettings, output: 'yaml' | 'json'): string {
  const shown = shownOf(settings) as Readonly<Record<string, unknown>>
  const document = { apiVersion: 'kfdoor/v1alpha1', kind: 'AuthzSettings', ...shown }
  return output === 'json'
    ? JSON.stringify(document, undefined, 2)
    : stringify(document, { aliasDuplicateObjects: false })
}

function shownOf(value: unknown, name = ''): unknown {
  if (value instanceof Uint8Array) return `REDACTED (${value.length} bytes)`
  if (typeof value === 'function') return SECRET.test(name) ? 'REDACTED' : undefined
  if (typeof value === 'string' && SECRET.test(name)) return value === '' ? '' : 'REDACTED'
  if (Array.isArray(value)) return value.map((one) => shownOf(one))
  if (typeof value !== 'object' || value === null) return value
  // A compiled pattern is shown as it was written.
  if ('source' in value && typeof value.source === 'string') return value.source
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shownOf(one, key)]))
}
