/**
 * Every field of Istio's own CRDs is known to the readers: a document that writes all of them has no
 * `unknown-field`, and one more field anywhere has one.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { sharedPath } from '../../tools/shared.ts'
import { parseMesh } from './index.ts'

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly enum?: readonly string[]
}

const read = new Set([
  'AuthorizationPolicy',
  'RequestAuthentication',
  'PeerAuthentication',
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
  'Sidecar',
  'EnvoyFilter',
])
/** Written as they stand: nothing below them is looked at. */
const raw = /\.(value|match\.(listener|cluster|routeConfiguration|proxy))$/

const path = sharedPath('fixtures/istio-crds/crd-all.gen.yaml')
if (!path) {
  test.skip('every field of the CRDs is known (left out: no shared folder beside the checkout)')
} else {
  for (const document of parseAllDocuments(readFileSync(path, 'utf8'))) {
    if (!('toJS' in document)) continue
    const crd = document.toJS() as {
      spec: {
        group: string
        names: { kind: string }
        versions: { name: string; schema: { openAPIV3Schema: Schema } }[]
      }
    } | null
    if (!crd || !read.has(crd.spec.names.kind) || !/^(networking|security)\.istio/.test(crd.spec.group))
      continue
    const { group, names, versions } = crd.spec
    for (const version of versions) {
      const spec = version.schema.openAPIV3Schema.properties?.spec as Schema
      const document = (extra: boolean) => ({
        file: 'crd.json',
        text: JSON.stringify({
          apiVersion: `${group}/${version.name}`,
          kind: names.kind,
          metadata: { name: 'x', namespace: 'y' },
          spec: sample(spec, 'spec', extra),
        }),
      })
      test(`every field of ${names.kind} ${version.name} is known`, () => {
        const { problems } = parseMesh([document(false)])
        assert.deepEqual(unknown(problems), [])
      })
      test(`one field too many is reported in every mapping of ${names.kind} ${version.name}`, () => {
        const { problems } = parseMesh([document(true)])
        assert.ok(unknown(problems).length > 1)
        assert.equal(
          unknown(problems).every((message) => message.includes('`surplus`')),
          true,
        )
      })
    }
  }
}

function unknown(problems: ReturnType<typeof parseMesh>['problems']): string[] {
  return problems.filter(({ code }) => code === 'unknown-field').map(({ message }) => message)
}

/** A value of the schema with every field written. */
function sample(schema: Schema, path: string, extra: boolean): unknown {
  if (schema.type === 'object') {
    if (!schema.properties) {
      const inner = schema.additionalProperties
      return typeof inner === 'object' ? { '80': sample(inner, `${path}.80`, extra) } : {}
    }
    const fields = Object.entries(schema.properties).map(([key, inner]) => [
      key,
      sample(inner, `${path}.${key}`, extra && !raw.test(`${path}.${key}`)),
    ])
    return { ...Object.fromEntries(fields), ...(extra && !raw.test(path) ? { surplus: 1 } : {}) }
  }
  if (schema.type === 'array') return [sample(schema.items ?? {}, `${path}[]`, extra)]
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return 1
  return schema.enum?.at(-1) ?? '1s'
}
