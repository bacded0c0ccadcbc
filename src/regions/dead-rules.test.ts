/** A rule is dead where it can never decide anything, and only there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { assumedKeys } from '../policy/index.ts'
import { diffAccess } from './diff.ts'
import { aFront } from './random-mesh.test.ts'

const options = { fetched: assumedKeys }
const meshOf = (...yaml: readonly string[]) =>
  parseMesh([{ file: 'door.yaml', text: [aFront, ...yaml].join('---\n') }]).mesh
const rule = (
  namespace: string,
  selector: string,
  rules: string,
  action: string,
) => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: ${namespace}}
spec: {action: ${action}, ${selector === '' ? '' : `selector: {matchLabels: {${selector}}}, `}rules: [${rules}]}
`
const to = (operation: string) => `{to: [{operation: {${operation}}}]}`
const gateway = ['istio-system', 'istio: ingressgateway'] as const
const pod = ['apps', 'app: a'] as const
const whole = ['istio-system', ''] as const

type Row = readonly [string, readonly [string, string], string, string | undefined, action?: 'ALLOW']
const rows: readonly Row[] = [
  ['a port no listener has', gateway, to('ports: ["9999"]'), 'port-not-served'],
  ['a port of the Service and not of the pod', gateway, to('ports: ["443"]'), 'port-not-served'],
  ['a pod’s port no Service names: pods call it by its address', pod, to('ports: ["9999"]'), undefined],
  ['a host no Service has: a pod sends any', pod, to('hosts: [x.example.com]'), undefined],
  ['a path that normalization takes away', gateway, to('paths: [/a/../b]'), 'no-request-meets-it'],
  ['the same for a pod, where it denies whatever is no HTTP', pod, to('paths: [/a/../b]'), undefined],
  ['the same of an ALLOW, which holds for HTTP only', pod, to('paths: [/a/../b]'), 'no-request-meets-it', 'ALLOW'],
  ['conditions that exclude each other', gateway, to('paths: [/a/b], notPaths: ["/a*"]'), 'no-request-meets-it'],
  ['a token where none is read', gateway, '{from: [{source: {requestPrincipals: ["*"]}}]}', 'no-token-is-read-here'],
  ['for all, and met at the pods only', whole, to('ports: ["9999"]'), undefined],
  ['for all, and met nowhere', whole, to('paths: [/a/../b]'), 'no-request-meets-it', 'ALLOW'],
  ['a path some request has', gateway, to('paths: [/a]'), undefined],
] // biome-ignore format: a table

for (const [name, [namespace, selector], written, reason, action = 'DENY'] of rows) {
  test(`${reason === undefined ? 'alive' : `dead (${reason})`}: ${name}`, () => {
    const before = meshOf()
    const after = meshOf(rule(namespace, selector, written, action))
    const { deadRules } = diffAccess(before, after, { now: 1_800_000_000, old: options, new: options })
    assert.deepEqual(
      deadRules.map((each) => each.reason),
      reason === undefined ? [] : [reason],
    )
  })
}
