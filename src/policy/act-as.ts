/** A principal as a request: its tokens, what providers would answer it, and what is true of both. */
import { type JwtRule, type Mesh, workloadsOf } from '../mesh/index.ts'
import { attaches, labelsInclude } from './attach.ts'
import { sessionToken } from './auth-service.ts'
import { toBase64, utf8Bytes } from './base64url.ts'
import type { Check, CheckAnswer, Context, HeaderList } from './decision.ts'
import { readJwks } from './jwks.ts'
import { identityHeaders, type Principal } from './principal.ts'

/** What a question needs besides the request: see `Context`. */
export interface Acting {
  /** To be sent along. */
  readonly headers: HeaderList
  /** What a provider says to this principal. */
  readonly answer: (check: Check) => CheckAnswer
  readonly verified: Context['verified']
}

export const kubernetesIssuer = 'https://kubernetes.default.svc.cluster.local'
const dexIssuer = 'http://dex.auth.svc.cluster.local:5556/dex'

/**
 * Tokens are made up here and count as signed by whoever they name; nothing of it works at a door.
 * `now` is in seconds.
 */
export function actAs(mesh: Mesh, principal: Principal, now: number): Acting {
  const made = new Set<string>()
  const token = (rule: JwtRule | undefined, claims: Readonly<Record<string, unknown>>) => {
    const text = compact(rule, { iat: Math.floor(now), exp: Math.floor(now) + 3600, ...claims })
    made.add(text)
    return text
  }
  const forged: HeaderList = principal.forged
    ? identityHeaders.map((name) => [name, 'admin@example.com'] as const)
    : []
  const verified: Context['verified'] = (_, text) => made.has(text)
  if (principal.kind === 'user') {
    const session = sessionAnswer(mesh, principal, token)
    const answer = (check: Check) => {
      if (check.protocol === 'grpc') return granted
      // A session is a cookie.
      return check.cookies === false && asksToSignIn(mesh, check) ? signInAnswer(mesh, check) : session
    }
    return { headers: forged, verified, answer }
  }
  const answer = (check: Check) => signInAnswer(mesh, check)
  if (principal.kind !== 'service-account') return { headers: forged, verified, answer }
  const { namespace, name, issuer = kubernetesIssuer, expired } = principal
  const rule = ruleOf(mesh, (entry) => entry.issuer.value === issuer)
  const audience = principal.audience ?? rule?.audiences[0]?.value
  const bearer = token(rule, {
    iss: issuer,
    sub: `system:serviceaccount:${namespace}:${name}`,
    ...(audience !== undefined && { aud: [audience] }),
    ...(expired && { exp: Math.floor(now) - 7200 }),
    'kubernetes.io': { namespace, serviceaccount: { name } },
  })
  return { headers: [...forged, ['authorization', `Bearer ${bearer}`]], verified, answer }
}

/** Whose ID tokens sessions at this door stand on. */
export function sessionIssuer(mesh: Mesh): string {
  const { issuer } = sessionToken(mesh)
  if (issuer !== undefined) return issuer
  const rule = ruleOf(mesh, (entry) => !/kubernetes|\beks\b|googleapis/.test(entry.issuer.value))
  return rule?.issuer.value ?? dexIssuer
}

/** Everything the auth services of Kubeflow set; the provider's list decides what gets through. */
function sessionAnswer(
  mesh: Mesh,
  user: Extract<Principal, { readonly kind: 'user' }>,
  token: (rule: JwtRule | undefined, claims: Readonly<Record<string, unknown>>) => string,
): CheckAnswer {
  const { email, groups } = user
  const { audience } = sessionToken(mesh)
  const issuer = sessionIssuer(mesh)
  const rule = ruleOf(mesh, (entry) => entry.issuer.value === issuer)
  const id = token(rule, {
    iss: issuer,
    sub: subjectOf(email),
    aud: audience ?? rule?.audiences[0]?.value ?? 'kubeflow-oidc-authservice',
    email,
    email_verified: true,
    ...(groups.length > 0 && { groups }),
    name: email.slice(0, email.indexOf('@')),
  })
  const joined = groups.join(',')
  return {
    status: 200,
    headers: [
      ['authorization', `Bearer ${id}`],
      ['kubeflow-userid', email],
      ['kubeflow-groups', joined],
      ['x-auth-request-user', email],
      ['x-auth-request-email', email],
      ...(groups.length > 0 ? [['x-auth-request-groups', joined] as const] : []),
    ],
    body: '',
  }
}

/**
 * Dex makes the subject of user and connector (two protobuf fields, base64url); which user id a person
 * has is not in the YAML. It is never the address: a policy that names one by it lets nobody in.
 */
function subjectOf(email: string): string {
  const fields = [email, 'local'].map((text, at) => {
    const bytes = utf8Bytes(text).slice(0, 127)
    return [at === 0 ? 0x0a : 0x12, bytes.length, ...bytes]
  })
  return toBase64(Uint8Array.from(fields.flat())).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

const granted: CheckAnswer = { status: 0, headers: [], grpc: { code: 'OK' } }

/** Nobody knows this caller: a browser is sent to sign in. What other authorizers say is theirs to know. */
function signInAnswer(mesh: Mesh, check: Check): CheckAnswer {
  if (!asksToSignIn(mesh, check)) return { status: 0, headers: [], untold: true }
  if (check.protocol === 'grpc') return { status: 0, headers: [], grpc: { code: 'PERMISSION_DENIED' } }
  return { status: 302, headers: [['location', '/dex/auth']], body: '' }
}

/** Kubeflow's auth services and kfdoor's own, by the image behind the Service or by its name. */
const signInServices = /oauth2[-_]?proxy|authservice|kfdoor/

function asksToSignIn(mesh: Mesh, check: Check): boolean {
  const host = check.service.slice(check.service.lastIndexOf('|') + 1)
  const [name = '', namespace] = host.split('.')
  if (signInServices.test(name)) return true
  const service = mesh.services.find((one) => one.name === name && one.namespace === namespace)
  return (
    service !== undefined &&
    workloadsOf(service, mesh.workloads).some(({ containers }) =>
      containers.some(({ image }) => signInServices.test(image.toLowerCase())),
    )
  )
}

const inOrder = new WeakMap<Mesh, readonly JwtRule[]>()

/**
 * Rules at the gateways come first: they are the door's. A team may have rules for tokens of its own, and the
 * order of files, or of names in a cluster, says nothing about a door.
 */
function ruleOf(mesh: Mesh, fits: (rule: JwtRule) => boolean): JwtRule | undefined {
  let rules = inOrder.get(mesh)
  if (rules === undefined) {
    const { rootNamespace } = mesh.meshConfig
    const gateways = mesh.workloads.filter(({ podLabels }) =>
      mesh.gateways.some(({ selector }) => selector !== undefined && labelsInclude(podLabels, selector)),
    )
    const all = mesh.requestAuthentications.map((one) => ({
      rules: one.jwtRules,
      first:
        gateways.length === 0
          ? one.namespace === rootNamespace
          : gateways.some(({ namespace, podLabels: labels }) =>
              attaches(one, { namespace, labels, rootNamespace }),
            ),
    }))
    rules = [...all.filter(({ first }) => first), ...all.filter(({ first }) => !first)].flatMap(
      (one) => one.rules,
    )
    inOrder.set(mesh, rules)
  }
  return rules.find(fits)
}

/** `alg` is one the rule's keys take, so that the signature is the only thing that is made up. */
function compact(rule: JwtRule | undefined, claims: Readonly<Record<string, unknown>>): string {
  const [key] = rule?.jwks === undefined ? [] : (readJwks(rule.jwks.value) ?? [])
  const byType = { EC: 'ES256', OKP: 'EdDSA' } as Readonly<Record<string, string>>
  const alg = key?.alg || byType[String(key?.jwk.kty)] || 'RS256'
  const header = { alg, typ: 'JWT', ...(key?.kid && { kid: key.kid }) }
  return `${part(header)}.${part(claims)}.${base64Url(new Uint8Array(64))}`
}

function part(value: unknown): string {
  return base64Url(utf8Bytes(JSON.stringify(value)))
}

function base64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

/** Stands for what issuers serve, where a question must not depend on whether they can be reached. */
export function assumedKeys(uri: string): string {
  const discovery = '/.well-known/openid-configuration'
  if (uri.endsWith(discovery)) {
    const issuer = uri.slice(0, -discovery.length)
    return JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` })
  }
  return assumedJwks
}

/** One of every kind a token may be signed with, each marked as made up. */
const assumedJwks = JSON.stringify({
  keys: [
    { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
    ...['P-256', 'P-384', 'P-521'].map((crv) => ({ kty: 'EC', crv, x: 'AQAB', y: 'AQAB' })),
    { kty: 'OKP', crv: 'Ed25519', x: 'AQAB' },
  ].map((key) => ({ ...key, kfdoor: 'assumed' })),
})
