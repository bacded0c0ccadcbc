/**
 * Builders the tests of this room share: every default is valid, and a test writes only what it is
 * about. (Named as a test so that it stays out of what is built.)
 */

import type { Mesh } from '../mesh/index.ts'
import { parseMesh } from '../mesh/index.ts'
import { Attributes, type Claims } from './attributes.ts'
import type { CheckAnswer, Context, DoorRequest } from './decision.ts'
import type { FilterCall, NormalizedRequest, ProxyIdentity } from './seam.ts'

/**
 * A mesh from YAML; a problem in it is a mistake in the test. What only the admission webhook refuses
 * is fine: istiod makes something of it where the webhook is off, and the tests ask what.
 */
export function meshOf(text: string): Mesh {
  const { mesh, problems } = parseMesh([{ file: 'mesh.yaml', text }])
  const errors = problems.filter(({ severity, code }) => severity === 'error' && code !== 'istio-rejects')
  if (errors.length > 0) throw new Error(errors.map((problem) => problem.message).join('\n'))
  return mesh
}

export const ingressGateway: ProxyIdentity = {
  kind: 'gateway',
  namespace: 'istio-system',
  labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
}

export function aRequest(changes: Partial<NormalizedRequest> = {}): NormalizedRequest {
  return {
    method: 'GET',
    host: 'app.example.com',
    path: '/',
    scheme: 'http',
    headers: [],
    port: 8080,
    destinationIp: '127.0.0.1',
    sourceIp: '127.0.0.1',
    remoteIp: '127.0.0.1',
    sni: '',
    principals: [],
    forwardedProto: 'http',
    protocol: 'HTTP/1.1',
    ...changes,
  }
}

export function aDoorRequest(changes: Partial<DoorRequest> = {}): DoorRequest {
  return {
    method: 'GET',
    scheme: 'http',
    host: 'web.team-a.svc.cluster.local',
    path: '/',
    headers: [],
    port: 8080,
    sourceIp: '127.0.0.1',
    ...changes,
  }
}

export function attributesOf(changes: Partial<NormalizedRequest> = {}, claims?: Claims): Attributes {
  const attributes = new Attributes(aRequest(changes))
  attributes.claims = claims
  return attributes
}

export function aContext(changes: Partial<Context> = {}): Context {
  return { answers: [], now: 1_800_000_000, verified: () => true, ...changes }
}

export function aCall(changes: Partial<FilterCall> = {}): FilterCall {
  return { request: aRequest(), context: aContext(), routed: true, trace: true, hop: 0, ...changes }
}

export function anAnswer(changes: Partial<CheckAnswer> = {}): CheckAnswer {
  return { status: 200, headers: [], ...changes }
}

/** A compact JWS that says this; `verified` decides whether its signature is good. */
export function aToken(payload: Claims, header: Claims = { alg: 'RS256', kid: 'k1' }): string {
  return `${base64Url(JSON.stringify(header))}.${base64Url(JSON.stringify(payload))}.c2lnbmF0dXJl`
}

export function base64Url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** A public key; no test verifies with it. */
export const aJwks = '{"keys":[{"kty":"RSA","kid":"k1","alg":"RS256","n":"AQAB","e":"AQAB"}]}'
