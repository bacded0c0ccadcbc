import { parseMesh } from '../../src/mesh/index.ts'
import { compileChain } from '../../src/policy/filters.ts'
import { Flow } from '../../src/policy/flow.ts'
import { type Context, compileDoor, type DoorRequest } from '../../src/policy/index.ts'
import type { FilterCall } from '../../src/policy/seam.ts'
import { policyYaml } from './policy-yaml.ts'
import { type BenchInput, type BenchRule, issuer } from './rules.ts'

/** The same rules as an Istio mesh: one gateway, one route, a RequestAuthentication, one policy per rule. */
function meshYaml(rules: readonly BenchRule[]): string {
  return [front, ...rules.map(policyYaml)].join('---\n')
}

const front = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: apps}
spec:
  gateways: [istio-system/door]
  hosts: ["*"]
  http:
  - route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec:
  ports: [{name: http, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  selector: {app: istio-ingressgateway, istio: ingressgateway}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  jwtRules:
  - issuer: ${issuer}
    jwks: '{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}'
    forwardOriginalToken: true
`

/** What of an input reaches the door: a request with its token, nothing read yet. */
export function doorRequest(input: BenchInput): DoorRequest {
  return {
    method: input.method,
    scheme: 'http',
    host: 'app.example.com',
    path: input.path,
    headers: [
      ['user-agent', 'curl/8.5.0'],
      ['accept', '*/*'],
      ['authorization', `Bearer ${tokenOf(input)}`],
    ],
    port: 8080,
    sourceIp: '192.0.2.7',
  }
}

function tokenOf({ principal, groups }: BenchInput): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: issuer, sub: principal.slice(issuer.length + 1), exp: 4_000_000_000, groups }
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.c2lnbmF0dXJl`
}

/** What everybody is told: signatures were checked before, as the gateway does it. */
const context: Context = { answers: [], now: 1_800_000_000, verified: () => true, trace: false }

export interface Kfdoor {
  /** The policies alone, asked what the peers are asked: DENY and ALLOW of a request already read. */
  readonly policies: (read: ReadRequest) => boolean
  /** The whole decision: listener, head, token, policies, route, what goes upstream. */
  readonly door: (request: DoorRequest) => boolean
  readonly compileMs: number
}

/** `compileMs` counts from the model to the first decision, reading YAML left out. */
export function kfdoorEngine(rules: readonly BenchRule[], sample: DoorRequest): Kfdoor {
  const { mesh } = parseMesh([{ file: 'bench.yaml', text: meshYaml(rules) }])
  const start = performance.now()
  const door = compileDoor(mesh)
  const proxy = door.gateway()
  door.decide(proxy, sample, context)
  const compileMs = performance.now() - start
  const { filters } = compileChain(mesh, proxy, {})
  const rbac = filters.filter(({ name }) => name === 'envoy.filters.http.rbac')
  return {
    compileMs,
    door: (request) => door.decide(proxy, request, context).kind === 'forward',
    policies: ({ call, claims }) => {
      const flow = new Flow(call)
      flow.attributes.claims = claims
      for (const filter of rbac) if (filter.run(flow) !== undefined) return false
      return true
    },
  }
}

/** A request as its policies see it, with what its token said. */
export interface ReadRequest {
  readonly call: FilterCall
  readonly claims: Readonly<Record<string, unknown>>
}

export function readRequest({ method, path, principal, groups }: BenchInput): ReadRequest {
  return {
    claims: { iss: issuer, sub: principal.slice(issuer.length + 1), exp: 4_000_000_000, groups },
    call: {
      context,
      routed: true,
      trace: false,
      hop: 0,
      request: {
        method,
        path,
        host: 'app.example.com',
        scheme: 'http',
        headers: [],
        port: 8080,
        destinationIp: '127.0.0.1',
        sourceIp: '192.0.2.7',
        remoteIp: '192.0.2.7',
        sni: '',
        principals: [],
        forwardedProto: 'http',
      },
    },
  }
}
