/** Whose mark an answer bears: as `fixtures/login-flows` has it of a real Envoy before both auth services. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../../mesh/index.ts'
import { compileDoor, type Principal, parsePrincipal } from '../../policy/index.ts'
import { type ProfileName, profileFiles } from '../profiles.ts'
import { doorWith } from './app-door.fixture.ts'
import { compare } from './compare.ts'
import { type Answering, predict } from './prediction.ts'

const anonymous = parsePrincipal('anonymous') as Principal

const rows: readonly (readonly [
  ProfileName,
  Answering,
  path: string,
  relayed: true | undefined,
  why: string,
])[] = [
  ['v1.6', 'istio', '/', true, 'the EnvoyFilter names no header, so all of the auth service’s are handed on'],
  ['v1.8', 'istio', '/', true, 'so it is there'],
  ['v1.9', 'istio', '/', undefined, 'the provider names the headers that are'],
  ['26.03', 'istio', '/', undefined, 'as it does today'],
  ['v1.6', 'kfdoor', '/', undefined, 'kfdoor’s gateway marks workloads only'],
]

for (const [profile, answering, path, relayed, why] of rows) {
  test(`${profile} ${answering}: ${why}`, () => {
    const { mesh } = parseMesh(profileFiles(profile, { tls: false, demo: true }))
    const door = compileDoor(mesh, {})
    const said = (asked: string) => {
      const witness = { method: 'GET', url: `http://kubeflow.example.com${asked}`, headers: [] }
      return predict(door, anonymous, witness, { answering, now: 1 })?.prediction
    }
    assert.equal(said(path)?.verdict, 'challenge')
    assert.equal(said(path)?.reply?.relayed, relayed)
    // Where a workload's answer may be mistaken for it, and where it is the auth service that was asked for.
    const location = said(path)?.reply?.location
    assert.equal(said('/dex/healthz')?.verdict, 'allow')
    assert.equal(said('/dex/healthz')?.signIn, undefined, 'which lets it through')
    assert.equal(said(path)?.signIn, location)
  })
}

test('a sidecar that closes the connection: the gateway itself says 503', () => {
  const text = `${doorWith(["{hosts: ['*'], port: {number: 80, name: http, protocol: HTTP}}"])}---
apiVersion: v1
kind: Namespace
metadata: {name: istio-system, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: istio-system, labels: {app: app}}
spec: {containers: [{name: app, image: app}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: app, namespace: istio-system}
spec: {host: app, trafficPolicy: {tls: {mode: DISABLE}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
`
  const door = compileDoor(parseMesh([{ file: 'door.yaml', text }]).mesh, {})
  const witness = { method: 'GET', url: 'http://a/', headers: [] }
  const said = predict(door, anonymous, witness, { answering: 'istio', now: 1 })?.prediction
  assert.deepEqual(said?.reply, { status: 503, body: '' })
  assert.deepEqual([said?.verdict, said?.reason], ['deny', 'mtls-required'])
  const seen = {
    status: 503,
    headers: { server: 'istio-envoy' },
    body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  }
  assert.equal(said && compare(said, seen, 'GET').agrees, true)
})
