/** One mesh, twice: `kfdoor export envoy` on a real Envoy, and `kfdoor serve gateway`. `verify` knows which answers. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { kfdoor, run } from './door.ts'
import { ensureEnvoy } from './parts/envoy.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-verify-real-'))
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
after(async () => {
  for (const close of closers.reverse()) await close()
})

/** A header is trusted as it comes: open on Istio to whoever forges it, shut at a kfdoor gateway. */
const mesh = (admin: string) => `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec:
  hosts: ["*"]
  gateways: [gw]
  http:
  - match: [{uri: {prefix: /old/}}]
    redirect: {uri: /new}
  - match: [{uri: {prefix: /}}]
    route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: {name: apps}
spec: {owner: {kind: User, name: me@example.com}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: admins, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: DENY
  rules:
  - to: [{operation: {paths: ["${admin}"]}}]
    when: [{key: "request.headers[kubeflow-userid]", notValues: [admin@example.com]}]
`

const write = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function ends(child: ChildProcess): () => Promise<unknown> {
  return async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

interface Report {
  readonly answering: string
  readonly agreements: readonly {
    readonly principal: string
    readonly predicted: { readonly verdict: string }
  }[]
  readonly disagreements: readonly { readonly principal: string; readonly saw: string }[]
}

async function verify(url: string, file: string, ...more: readonly string[]) {
  const words = ['verify', url, '-f', file, '--rate', '100', '-o', 'json', ...more]
  const { code, out, err } = await run(words, { env: { ...process.env, XDG_CONFIG_HOME: folder } })
  return { code, report: JSON.parse(out || 'null') as Report, err }
}

describe('one mesh behind two data planes', () => {
  const file = write('mesh.yaml', mesh('/admin*'))
  const edited = write('edited.yaml', mesh('/nothing*'))
  const seen: (string | undefined)[] = []
  let upstream = ''
  before(async () => {
    const app = createServer((request, response) => {
      seen.push(request.headers['user-agent'])
      response.end('app')
    }).listen(0, '127.0.0.1')
    await once(app, 'listening')
    closers.push(() => app.close())
    upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  })

  async function envoy(): Promise<string> {
    const port = await freePort()
    const words = [
      'export',
      'envoy',
      '-f',
      file,
      '--listen',
      `8080=127.0.0.1:${port}`,
      '--default-upstream',
      upstream,
    ]
    const { out, err, code } = await run([...words, '-o', 'json'])
    assert.equal(code, 0, err)
    const args = [
      '-c',
      write('envoy.json', out),
      '--concurrency',
      '1',
      '--disable-hot-restart',
      '--log-format',
      '%v',
    ]
    const child = spawn(await ensureEnvoy(), args, { stdio: ['ignore', 'ignore', 'pipe'] })
    closers.push(ends(child))
    for await (const line of createInterface({ input: child.stderr })) {
      if (/all dependencies initialized. starting workers/.test(line)) break
    }
    child.stderr.resume()
    return `http://127.0.0.1:${port}/`
  }

  async function gateway(): Promise<string> {
    const args = ['serve', 'gateway', '-o', 'json', '-f', file, '--listen', '8080=127.0.0.1:0']
    const child = spawn(process.execPath, [kfdoor, ...args, '--default-upstream', upstream], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    closers.push(ends(child))
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    return JSON.parse(line).listeners[0].url as string
  }

  const doors = [
    ['a real Envoy', envoy, 'istio', 'allow'],
    ['kfdoor’s gateway', gateway, 'kfdoor', 'deny'],
  ] as const
  for (const [name, start, answering, forged] of doors) {
    test(`${name}: recognised, agrees, and does not agree with edited YAML or as the other`, async () => {
      const url = await start()
      const probing = ['--probe-forged', '--allow-post', '-n', 'apps']
      const right = await verify(url, file, ...probing)
      assert.deepEqual([right.code, right.report?.disagreements], [0, []], right.err)
      assert.equal(right.report.answering, answering)
      const fates = (who: string) =>
        right.report.agreements.flatMap(({ principal, predicted }) =>
          principal === who ? [predicted.verdict] : [],
        )
      assert.ok(fates('anonymous').includes('redirect'))
      assert.ok(fates('anonymous').includes('deny'))
      assert.equal(fates('anonymous+forged').includes('deny'), forged === 'deny')
      const planted = await verify(url, edited, ...probing)
      assert.equal(planted.code, 1)
      const shown = await verify(
        url,
        file,
        ...probing,
        '--hardening',
        answering === 'istio' ? 'default' : 'istio-parity',
      )
      assert.equal(shown.code, 1)
      assert.ok(shown.report.disagreements.some(({ principal }) => principal.endsWith('+forged')))
      assert.equal(planted.report.answering, answering)
      assert.ok(
        seen.every((agent) => agent === 'kfdoor-verify'),
        seen.join(),
      )
    })
  }
})
