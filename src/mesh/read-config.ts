import type { At } from '../base/index.ts'
import { decodeBase64 } from './base64.ts'
import type { Fields } from './fields.ts'
import type { ConfigMap, Meta, Secret } from './model.ts'
import type { Embedded } from './read-mesh-config.ts'
import { put } from './tree.ts'

/** Kubernetes ConfigMap. */
export function readConfigMap(meta: Meta, object: Fields): ConfigMap {
  const data = object.record('data') ?? {}
  const dataAt: Record<string, At> = {}
  const fields = object.fields('data')
  for (const key of Object.keys(data)) {
    const embedded = fields && embeddedText(fields, key)
    if (embedded) put(dataAt, key, { file: embedded.at.file, line: embedded.lineOf(1) })
  }
  return { ...meta, kind: 'ConfigMap', data, dataAt }
}

/**
 * A key whose value is a text with lines of its own. In a literal block (`|`) the first line of the
 * text is the one after the key's; a quoted or folded string has no lines, so all of it is the key's.
 */
export function embeddedText(data: Fields, key: string): Embedded | undefined {
  const entry = data.node.entries.get(key)
  if (entry?.value.kind !== 'scalar') return undefined
  const { text, literal, line } = entry.value
  return {
    text,
    at: { file: data.scope.file, line: entry.line },
    lineOf: (inner) => (literal ? line + inner : entry.line),
  }
}

/** Kubernetes Secret: `stringData` wins over `data`, as the API server merges them. */
export function readSecret(meta: Meta, object: Fields): Secret {
  const data: Record<string, string> = {}
  for (const [key, encoded] of Object.entries(object.record('data') ?? {})) {
    const decoded = decodeBase64(encoded)
    // The value stays out of the message: it may be the secret, written into the wrong field.
    if (decoded === undefined) {
      const at = object.fields('data')?.atField(key)
      object.error('bad-base64', `\`data.${key}\` is not base64; plain text belongs into \`stringData\``, at)
    } else put(data, key, decoded)
  }
  for (const [key, value] of Object.entries(object.record('stringData') ?? {})) put(data, key, value)
  return { ...meta, kind: 'Secret', type: object.string('type') ?? 'Opaque', data }
}
