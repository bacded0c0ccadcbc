/** Ways through a door that a plain request does not take: each was once overlooked by `diff`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import { assumedKeys } from '../policy/index.ts'
import { diffAccess } from './diff.ts'
import { aFront } from './random-mesh.test.ts'

const meshOf = (text: string) => parseMesh([{ file: 'door.yaml', text }]).mesh
const front = aFront.slice(aFront.indexOf('---\n') + 4)
const gateway = (servers: string, name = 'door', labels = '{istio: ingressgateway}') => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: istio-system}
spec: {selector: ${labels}, servers: [${servers}]}
`
const http = '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}'
const https = (hosts: string, name: string) =>
  `{port: {number: 443, name: ${name}, protocol: HTTPS}, hosts: [${hosts}], tls: {mode: SIMPLE, credentialName: ${name}}}`
const tcp = '{port: {number: 9000, name: tcp, protocol: TCP}, hosts: ["*"]}'
const tls = '{port: {number: 8443, name: tls, protocol: TLS}, hosts: ["*"], tls: {mode: PASSTHROUGH}}'
const to = (service: string) =>
  `[{destination: {host: ${service}.apps.svc.cluster.local, port: {number: 80}}}]`
const service = (routes: string, hosts = '"*"') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: routes, namespace: apps}
spec: {gateways: [istio-system/door], hosts: [${hosts}], ${routes}}
`
const policy = (name: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, ${spec}}
`
const bytes = `tcp: [{match: [{port: 9000}], route: ${to('a')}}], tls: [{match: [{port: 8443, sniHosts: [b.example.com]}], route: ${to('b')}}]`
const plain = service(`http: [{route: ${to('a')}}]`)
const deny = (when: string) => policy('p', `action: DENY, rules: [{when: [${when}]}]`)
const trusting = (hops: number) =>
  front.replace(
    '  mesh: |\n',
    `  mesh: |\n    defaultConfig: {gatewayTopology: {numTrustedProxies: ${hops}}}\n`,
  )
const pod = (team: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway-${team}, namespace: istio-system}
spec: {selector: {matchLabels: {team: ${team}}}, template: {metadata: {labels: {istio: own, team: ${team}}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: gateway-${team}, namespace: istio-system}
spec: {type: LoadBalancer, selector: {team: ${team}}, ports: [{name: http, port: 80}]}
`

type Row = readonly [
  name: string,
  kind: 'gained' | 'lost' | 'unknown',
  before: string[],
  after: string[],
  says: RegExp,
]
const rows: readonly Row[] = [
  ['a TCP server past every policy', 'gained', [front, gateway(http), service(bytes), policy('closed', '')], [front, gateway(`${http}, ${tcp}`), service(bytes), policy('closed', 'rules: [{to: [{operation: {ports: ["9000"]}}]}]')], /"anonymous".*no-listener.*allow.*:9000/],
  ['a passthrough by server name', 'gained', [front, gateway(http), service(bytes)], [front, gateway(`${http}, ${tls}`), service(bytes)], /"anonymous".*allow.*"sni":"b.example.com"/],
  ['a DENY of which a connection sees nothing but that it is', 'lost', [front, gateway(`${http}, ${tcp}`), service(bytes)], [front, gateway(`${http}, ${tcp}`), service(bytes), policy('p', 'action: DENY, rules: [{to: [{operation: {paths: [/nowhere]}}]}]')], /allow.*deny-rule-matched.*:9000/],
  ['a host by the name of another server', 'lost', [front, gateway(`${https('"*"', 'any')}, ${https('a.example.com', 'own')}`), service(`http: [{route: ${to('a')}}]`, 'a.example.com')], [front, gateway(https('a.example.com', 'own')), service(`http: [{route: ${to('a')}}]`, 'a.example.com')], /no-filter-chain.*a\.example\.com/],
  ['IPv6 behind IPv4', 'lost', [front, gateway(http), plain], [front, gateway(http), plain, deny('{key: source.ip, notValues: [0.0.0.0/0]}')], /"from":"[0-9a-f]*:/],
  ['a block but for the block in it', 'lost', [front, gateway(http), plain], [front, gateway(http), plain, deny('{key: source.ip, values: [10.0.0.0/8], notValues: [10.0.0.0/9]}')], /"from":"10\.128\.0\.0"/],
  ['one peer on behalf of another', 'lost', [trusting(1), gateway(http), plain], [trusting(1), gateway(http), plain, deny('{key: source.ip, values: [10.0.0.0/8]}, {key: remote.ip, values: [192.0.2.0/24]}')], /"x-forwarded-for","192\.0\.2\.\d.*"from":"10/],
  ['who names the scheme himself', 'gained', [trusting(1), gateway(http), service(`http: [{match: [{scheme: {exact: wss}}], route: ${to('a')}}]`)], [trusting(1), gateway(http), service(`http: [{match: [{scheme: {exact: https}}], route: ${to('a')}}]`)], /"x-forwarded-proto","https"/],
  ['a Host with the port it would go to anyway', 'lost', [front, gateway(http), plain], [front, gateway(http), plain, policy('p', 'action: DENY, rules: [{to: [{operation: {hosts: ["a.example.com:80"]}}]}]')], /"host","a\.example\.com:80"/],
  ['a path with a query', 'lost', [front, gateway(http), plain], [front, gateway(http), plain, deny('{key: "request.headers[:path]", values: ["/a?v=1"]}')], /\/a\?v=1"/],
  ['any query at all', 'lost', [front, gateway(http), plain], [front, gateway(http), plain, deny('{key: "request.headers[:path]", values: ["/*"], notValues: ["/a"]}, {key: "request.headers[:path]", notValues: ["*a", "*b"]}')], /./],
  ['the second of two gateways of one name', 'gained', [front, pod('one'), pod('two'), gateway(http, 'door', '{team: one}'), plain, gateway(http, 'closed', '{team: two}')], [front, pod('one'), pod('two'), gateway(http, 'closed', '{team: one}'), plain, gateway(http, 'door', '{team: two}')], /"anonymous"/],
  ['a Service whose pods are ambient now', 'unknown', [front, gateway(http)], [front.replace('labels: {istio-injection: enabled}', 'labels: {istio.io/dataplane-mode: ambient}'), gateway(http)], /ambient-workload/],
] // biome-ignore format: a table

for (const [name, kind, before, after, says] of rows) {
  test(`${kind}: ${name}`, () => {
    const [old, now] = [before, after].map((texts) => meshOf(texts.join('\n---\n')))
    const options = { fetched: assumedKeys }
    const diff = diffAccess(old as never, now as never, { now: 1_800_000_000, old: options, new: options })
    assert.match(JSON.stringify(diff[kind]), says, JSON.stringify(diff).slice(0, 600))
  })
}
