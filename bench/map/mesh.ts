import { type Random, seeded } from '../kit/random.ts'

/** A policy on routes: one or all service accounts of a namespace, or everybody who has a token. */
export interface MapRule {
  readonly action: 'ALLOW' | 'DENY'
  readonly path: { readonly kind: 'exact' | 'prefix' | 'suffix'; readonly text: string }
  readonly methods: readonly string[]
  readonly account?: Account
  readonly namespace?: string
}

export interface Account {
  readonly namespace: string
  readonly name: string
}

export interface MapBook {
  readonly paths: readonly string[]
  readonly accounts: readonly Account[]
  readonly rules: readonly MapRule[]
}

export function makeMapBook(routes: number, accounts: number, rules: number): MapBook {
  const random = seeded(routes + accounts + rules)
  const paths = Array.from({ length: routes }, (_, i) => `/apps/app-${i % 50}/routes/r-${i}/run`)
  const all = Array.from({ length: accounts }, (_, i) => ({
    namespace: `team-${i % 40}`,
    name: `worker-${i}`,
  }))
  return { paths, accounts: all, rules: Array.from({ length: rules }, () => makeRule(random, paths, all)) }
}

function makeRule(random: Random, paths: readonly string[], accounts: readonly Account[]): MapRule {
  const path = random.pick(paths)
  const account = random.pick(accounts)
  const kind = random.next()
  const who = random.next()
  const place = path.slice(0, path.lastIndexOf('/') + 1)
  return {
    action: random.next() < 0.04 ? 'DENY' : 'ALLOW',
    path:
      kind < 0.4
        ? { kind: 'exact', text: path }
        : kind < 0.8
          ? { kind: 'prefix', text: place }
          : { kind: 'suffix', text: path.slice(path.lastIndexOf('/', place.length - 2)) },
    methods: random.next() < 0.5 ? [] : ['GET', random.pick(['POST', 'PUT', 'DELETE'])],
    ...(who < 0.5 ? { account } : who < 0.9 ? { namespace: account.namespace } : {}),
  }
}

const issuer = 'https://kubernetes.default.svc.cluster.local'

export function mapMeshYaml({ paths, rules }: MapBook): string {
  const services: string[] = []
  for (let from = 0; from < paths.length; from += 10) {
    const entries = paths.slice(from, from + 10).map(
      (path) => `  - match: [{uri: {exact: ${path}}}]
    route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]
`,
    )
    services.push(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: routes-${from}, namespace: apps}
spec:
  gateways: [istio-system/door]
  hosts: ["door.example.com"]
  http:
${entries.join('')}`)
  }
  return [front, ...services, ...rules.map(policyYaml)].join('---\n')
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
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec:
  ports: [{name: http, port: 80}]
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

function policyYaml(rule: MapRule, index: number): string {
  const { path, methods, account, namespace } = rule
  const pattern = { exact: path.text, prefix: `${path.text}*`, suffix: `*${path.text}` }[path.kind]
  const who = account ? `${issuer}/system:serviceaccount:${account.namespace}:${account.name}` : '*'
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: rule-${index}, namespace: istio-system}
spec:
  action: ${rule.action}
  selector: {matchLabels: {istio: ingressgateway}}
  rules:
  - from: [{source: {requestPrincipals: ["${who}"]}}]
    to: [{operation: {paths: ["${pattern}"]${methods.length > 0 ? `, methods: ${JSON.stringify(methods)}` : ''}}}]
${namespace ? `    when: [{key: "request.auth.claims[kubernetes.io][namespace]", values: ["${namespace}"]}]\n` : ''}`
}

/** Every method a rule tells apart, and one none does. */
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

/**
 * Rule after rule for each pair, as anybody would write it first. A pair is open when one of the methods
 * gets through, which is what the map says of it; methods behind the first that does are not asked.
 */
export function naiveMap({ paths, accounts, rules }: MapBook): {
  readonly open: number
  readonly byGet: number
} {
  const denies = rules.filter(({ action }) => action === 'DENY')
  const allows = rules.filter(({ action }) => action === 'ALLOW')
  let open = 0
  let byGet = 0
  for (const path of paths) {
    for (const account of accounts) {
      const through = methods.find((method) => {
        const fits = (rule: MapRule) => matches(rule, path, method, account)
        return !denies.some(fits) && allows.some(fits)
      })
      if (through !== undefined) open++
      if (through === 'GET') byGet++
    }
  }
  return { open, byGet }
}

function matches(rule: MapRule, path: string, method: string, account: Account): boolean {
  const { kind, text } = rule.path
  return (
    (kind === 'exact' ? path === text : kind === 'prefix' ? path.startsWith(text) : path.endsWith(text)) &&
    (rule.methods.length === 0 || rule.methods.includes(method)) &&
    (rule.account === undefined ||
      (rule.account.namespace === account.namespace && rule.account.name === account.name)) &&
    (rule.namespace === undefined || rule.namespace === account.namespace)
  )
}
