import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { isFault } from '../../base/index.ts'
import { exitFor } from '../exit-for.ts'
import type { Io } from '../io.ts'
import { exportCommand } from './export.ts'

const yaml = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { selector: { istio: ingressgateway }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app, namespace: apps }
spec: { hosts: ["*"], gateways: [istio-system/gw], http: [{ route: [{ destination: { host: app } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: app, namespace: apps }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: some, namespace: istio-system }
spec: { rules: [{ to: [{ operation: { paths: ["/open/*"] } }] }] }
`

async function run(words: readonly string[], stdin = yaml) {
  const out: string[] = []
  const io: Io = {
    out: (text) => void out.push(text),
    err: () => {},
    env: {},
    tty: { in: false, out: false, err: false },
    readStdin: async () => stdin,
    exit: () => {},
  }
  try {
    const command = exportCommand(io).exitOverride()
    await command.parseAsync(['envoy', ...words], { from: 'user' })
  } catch (error) {
    if (!isFault(error)) throw error
    return { out: out.join('\n'), code: exitFor(error.code), message: error.message }
  }
  return { out: out.join('\n'), code: 0, message: '' }
}

interface Envoy {
  readonly staticResources: {
    readonly listeners: readonly {
      readonly address: { readonly socketAddress: { readonly address: string; readonly portValue: number } }
    }[]
    readonly clusters: readonly { readonly name: string }[]
  }
}

test('JSON and YAML say the same: listeners where they were told to be, clusters, policies', async () => {
  const words = [
    '-f',
    '-',
    '--listen',
    '8080=127.0.0.1:18080',
    '--upstream',
    'app.apps=grpc://127.0.0.1:9001',
  ]
  const [json, text] = [await run([...words, '-o', 'json']), await run(words)]
  assert.deepEqual([json.code, text.code], [0, 0], json.message)
  const config = JSON.parse(json.out) as Envoy
  assert.deepEqual(parse(text.out), config)
  const { listeners, clusters } = config.staticResources
  assert.deepEqual(
    listeners.map(({ address }) => address.socketAddress),
    [{ address: '127.0.0.1', portValue: 18_080 }],
  )
  const app = clusters.find(({ name }) => name === 'outbound|80||app.apps.svc.cluster.local')
  const written = JSON.stringify(app)
  assert.match(written, /"127\.0\.0\.1"/)
  assert.match(written, /9001/)
  assert.match(written, /http2ProtocolOptions/, 'grpc:// is HTTP/2 without asking')
  assert.match(json.out, /"\/open\/"/)
})

const bad: readonly (readonly [words: readonly string[], stdin: string, message: RegExp, why: string])[] = [
  [['--listen', '8080=127.0.0.1:0'], yaml, /8080=127\.0\.0\.1:0.*names no port/, 'a port nobody knows'],
  [['--listen', '8080'], yaml, /is not PORT=ADDRESS:PORT/, 'no place'],
  [['--listen', '8080=here:1'], yaml, /is not PORT=ADDRESS:PORT/, 'no address'],
  [['--upstream', 'app'], yaml, /has no `=`/, 'no URL'],
  [['--upstream', 'app=ftp://x'], yaml, /is no URL of a server/, 'no URL of a server'],
  [['--workload', 'nobody'], yaml, /is neither NS\/NAME/, 'no workload'],
  [[], 'kind: [', /stdin|-:1/, 'no YAML'],
  [[], yaml.replace('hosts: ["*"] }]\n', 'hosts: [] }]\n'), /:\d+: /, 'a Gateway a cluster refuses'],
]
for (const [words, stdin, message, why] of bad) {
  test(`${words.join(' ') || 'the YAML'}: ${why}, exit 2`, async () => {
    const { code, message: said, out } = await run(['-f', '-', ...words], stdin)
    assert.equal(code, 2, said)
    assert.match(said, message)
    assert.equal(out, '')
  })
}
