/**
 * The emitter against what istiod itself wrote: for 27 recorded configurations the Envoy bootstrap
 * that was run, compared listener by listener, filter by filter, route by route.
 * `envoy/normal-form.ts` lists what is left out of the comparison, and why.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { servedBy } from '../src/cli/cases/world.ts'
import { behindProxyProtocol, boundAt, emitProxy } from '../src/envoy-config/index.ts'
import { parseMesh } from '../src/mesh/index.ts'
import { compileDoor, type ProxyIdentity, proxyOf } from '../src/policy/index.ts'
import { sharedPath } from '../tools/shared.ts'
import type { Recorded } from './compare.ts'
import { materialOf } from './envoy/material.ts'
import { normalForm } from './envoy/normal-form.ts'

const folder = sharedPath('conformance')
const bootstraps = folder === undefined ? undefined : join(folder, 'envoy')

if (folder === undefined || bootstraps === undefined || !existsSync(bootstraps)) {
  test('the recorded bootstraps (left out: no shared folder beside the checkout)', { skip: true }, () => {})
} else {
  const proxies = proxiesOf(folder)
  const names = readdirSync(bootstraps)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
  for (const name of names) {
    test(`${name}: the emitted configuration is istiod's`, () => compare(folder, name, proxies.get(name)))
  }
  test('every recorded bootstrap was compared', () => assert.ok(names.length >= 27))
}

function compare(folder: string, name: string, given: ProxyIdentity | undefined): void {
  const recorded = JSON.parse(readFileSync(join(folder, 'envoy', `${name}.json`), 'utf8')).staticResources
  const file = `${name}.yaml`
  const { mesh } = parseMesh([{ file, text: readFileSync(join(folder, 'configs', file), 'utf8') }])
  const engine = { istioVersion: '1.31.0', fetched: keysOf(folder, JSON.stringify(recorded)) }
  const proxy = given ?? compileDoor(mesh, engine).gateway()
  const pem = (entry: string) => ({ text: readFileSync(join(folder, 'certs', entry), 'utf8') })
  const identity = {
    chain: pem('mesh-workload.pem'),
    key: pem('mesh-workload.key'),
    authority: pem('mesh-ca.pem'),
  }
  const here = { address: '127.0.0.1' }
  const ports = [80, 443, 8080, 8081, 8443, 9443].map((port) => [port, { ...here, port }] as const)
  const emitted = emitProxy(mesh, proxy, {
    engine,
    bindings:
      proxy.kind === 'sidecar' ? behindProxyProtocol((port) => ({ ...here, port })) : boundAt(new Map(ports)),
    upstream: () => ({ ...here, port: 1 }),
    provider: () => undefined,
    tls: materialOf(mesh, identity),
  })
  const { clusters, problems } = emitted
  assert.deepEqual(problems, [])
  const byName = (a: Json, b: Json) => (String(a.name) < String(b.name) ? -1 : 1)
  const wanted = [...(recorded.listeners as readonly Json[])].sort(byName)
  const listeners = [...emitted.listeners].sort(byName)
  assert.deepEqual(
    listeners.map((each) => each.name),
    wanted.map((each) => each.name),
  )
  for (const [index, listener] of listeners.entries()) {
    assert.deepEqual(normalForm(listener), normalForm(wanted[index]), `listener ${String(listener.name)}`)
  }
  // istiod sends every cluster of the mesh; here are those something speaks of.
  const known = new Map((recorded.clusters as readonly Json[]).map((each) => [each.name, each]))
  for (const cluster of clusters) {
    const { commonLbConfig: _, ...own } = cluster
    const { commonLbConfig: __, ...theirs } = known.get(cluster.name as string) ?? {}
    assert.deepEqual(normalForm(own), normalForm(theirs), `cluster ${String(cluster.name)}`)
  }
}

/** What JWKS URIs served when this bootstrap was made: keys were added to some of them later. */
function keysOf(folder: string, recorded: string): (uri: string) => string | undefined {
  const served = servedBy(JSON.parse(readFileSync(join(folder, 'jwks-uris.json'), 'utf8')))
  return (uri) => {
    const text = served(uri)
    if (text === undefined || !text.includes('"keys"')) return text
    const { keys } = JSON.parse(text) as { readonly keys: readonly Json[] }
    return JSON.stringify({ keys: keys.filter(({ kid }) => recorded.includes(String(kid))) })
  }
}

type Json = { readonly [name: string]: unknown }

/** The proxy each configuration's first case is put to. */
function proxiesOf(folder: string): ReadonlyMap<string, ProxyIdentity | undefined> {
  const proxies = new Map<string, ProxyIdentity | undefined>()
  for (const file of readdirSync(join(folder, 'cases'))) {
    if (file === 'validation.jsonl') continue
    for (const line of readFileSync(join(folder, 'cases', file), 'utf8').split('\n')) {
      if (line === '' || !line.includes('"workload"')) continue
      const { config, request } = JSON.parse(line) as Recorded
      const name = config.replace(/\.yaml$/, '')
      if (!proxies.has(name)) proxies.set(name, proxyOf(request))
    }
  }
  return proxies
}
