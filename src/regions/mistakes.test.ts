/**
 * Realistic mistakes planted in a release's YAML: `diff` finds each one, with a request that fares
 * differently at both doors. Edits that change nothing are told apart from them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileFiles, type profileNames } from '../compose/profiles.ts'
import { releaseSignIn } from '../compose/release-answers.ts'
import { type Mesh, type MeshInput, parseMesh } from '../mesh/index.ts'
import { assumedKeys, compileDoor, explain, type Principal, parsePrincipal } from '../policy/index.ts'
import { type AccessDiff, type Difference, diffAccess } from './diff.ts'

const now = 1_800_000_000
/** All of them with `KFDOOR_REGIONS=full`, in some minutes; else every fifth. */
const full = process.env.KFDOOR_REGIONS === 'full'
const taken = (at: number) => full || at % 5 === 0
type Profile = (typeof profileNames)[number]
type Edit = (text: string, file: string) => string

/** Every place; a mistake that finds none is one in this table. */
const replace =
  (from: string, to: string): Edit =>
  (text) =>
    text.replaceAll(from, to)

const changeObject =
  (kind: string, name: string, change: (document: string) => string): Edit =>
  (text) =>
    text
      .split(/^---\n/m)
      .map((document) =>
        document.includes(`kind: ${kind}\n`) && new RegExp(`name: ${name}([,} ]|$)`, 'm').test(document)
          ? change(document)
          : document,
      )
      .join('---\n')

/** An overlay says an object anew, so it goes from wherever it stands. */
const drop = (kind: string, name: string): Edit =>
  changeObject(kind, name, () => 'apiVersion: v1\nkind: Namespace\nmetadata: {name: nothing}\n')
const within = (kind: string, name: string, from: string, to: string): Edit =>
  changeObject(kind, name, (document) => document.replaceAll(from, to))
const add =
  (document: string): Edit =>
  (text, file) =>
    file.endsWith('release/routes.yaml') ? `${text}\n---\n${document}` : text

const asks = 'istio-ingressgateway-oauth2-proxy'
const refuses = 'istio-ingressgateway-require-jwt'
const exempt = '"/dex/*", "/dex/**", "/oauth2/*"'
const ingress = 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'
const allows = (name: string, spec: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: istio-system}\nspec: ${spec}\n`
const routes = (name: string, http: string) =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: kubeflow}\nspec: {gateways: [kubeflow-gateway], hosts: ["*"], http: [${http}]}\n`

type List = 'gained' | 'lost' | 'changed' | 'public' | 'unreachable' | 'deadRules'
const mistakes: readonly (readonly [what: string, profile: Profile, edit: Edit, found: List])[] = [
  ['a slash removed from the exemption', '26.03', replace(exempt, '"/dex*", "/oauth2/*"'), 'public'],
  [
    '/kfserving/* exempted from both policies',
    '26.03',
    replace(exempt, `${exempt}, "/kfserving/*"`),
    'public',
  ],
  ['/v1* exempted from both policies', '26.03', replace(exempt, `${exempt}, "/v1*"`), 'public'],
  [
    'everything exempted but one path',
    '26.03',
    replace(`notPaths: [${exempt}]`, 'paths: ["/pipeline/*"]'),
    'public',
  ],
  ['an exemption by suffix', '26.03', replace(exempt, `${exempt}, "*/healthz"`), 'public'],
  ['a template that exempts every model', '26.03', replace(exempt, `${exempt}, "/serving/{**}"`), 'public'],
  ['the DENY is missing', '26.03', drop('AuthorizationPolicy', refuses), 'public'],
  ['the CUSTOM policy is missing', '26.03', drop('AuthorizationPolicy', asks), 'lost'],
  [
    'requestPrincipals without its not',
    '26.03',
    within('AuthorizationPolicy', refuses, 'notRequestPrincipals', 'requestPrincipals'),
    'public',
  ],
  [
    'the DENY only for GET',
    '26.03',
    within('AuthorizationPolicy', refuses, '{operation: {', '{operation: {methods: [GET], '),
    'public',
  ],
  [
    'the DENY only for one host',
    '26.03',
    within('AuthorizationPolicy', refuses, '{operation: {', '{operation: {hosts: [kubeflow.example.com], '),
    'public',
  ],
  [
    'the DENY with targetRefs',
    '26.03',
    within(
      'AuthorizationPolicy',
      refuses,
      'selector: {matchLabels: {app: istio-ingressgateway}}',
      'targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: kubeflow-gateway}]',
    ),
    'public',
  ],
  [
    'the DENY in another namespace',
    '26.03',
    within('AuthorizationPolicy', refuses, 'namespace: istio-system', 'namespace: kubeflow'),
    'public',
  ],
  [
    'the DENY as a dry run',
    '26.03',
    within(
      'AuthorizationPolicy',
      refuses,
      'namespace: istio-system',
      'namespace: istio-system, annotations: {istio.io/dry-run: "true"}',
    ),
    'public',
  ],
  [
    'the DENY selects nothing',
    '26.03',
    within(
      'AuthorizationPolicy',
      refuses,
      'matchLabels: {app: istio-ingressgateway}',
      'matchLabels: {app: ingressgateway}',
    ),
    'public',
  ],
  [
    'the wrong port left out of the DENY',
    '26.03',
    replace('notPorts: ["8080"]', 'notPorts: ["8443"]'),
    'public',
  ],
  [
    'the plain port serves instead of redirecting',
    '26.03',
    replace(', tls: {httpsRedirect: true}', ''),
    'public',
  ],
  [
    'CUSTOM asks when there is a token',
    '26.03',
    within('AuthorizationPolicy', asks, 'notValues', 'values'),
    'lost',
  ],
  [
    'CUSTOM looks at a header nobody sends',
    '26.03',
    within('AuthorizationPolicy', asks, '[authorization]', '[authorisation]'),
    'lost',
  ],
  [
    'CUSTOM selects nothing',
    '26.03',
    within(
      'AuthorizationPolicy',
      asks,
      'matchLabels: {app: istio-ingressgateway}',
      'matchLabels: {app: ingress}',
    ),
    'lost',
  ],
  [
    'CUSTOM names a provider that is not there',
    '26.03',
    within('AuthorizationPolicy', asks, 'provider: {name: oauth2-proxy}', 'provider: {name: oauth2proxy}'),
    'lost',
  ],
  [
    'a second provider on the gateway',
    '26.03',
    add(
      allows(
        'second',
        '{action: CUSTOM, provider: {name: other}, rules: [{to: [{operation: {paths: ["/x"]}}]}], selector: {matchLabels: {app: istio-ingressgateway}}}',
      ),
    ),
    'lost',
  ],
  [
    'the provider hands no token on',
    '26.03',
    replace('headersToUpstreamOnAllow: [authorization, ', 'headersToUpstreamOnAllow: ['),
    'lost',
  ],
  [
    'the provider’s service has another name',
    '26.03',
    replace('service: oauth2-proxy.oauth2-proxy.svc', 'service: oauth2-proxy.auth.svc'),
    'lost',
  ],
  ['the machines’ issuer is missing', '26.03', drop('RequestAuthentication', 'm2m-token-issuer'), 'lost'],
  [
    'the machines’ issuer with a slash',
    '26.03',
    within(
      'RequestAuthentication',
      'm2m-token-issuer',
      'issuer: https://kubernetes.default.svc.cluster.local\n',
      'issuer: https://kubernetes.default.svc.cluster.local/\n',
    ),
    'lost',
  ],
  [
    'an audience for machines',
    '26.03',
    within(
      'RequestAuthentication',
      'm2m-token-issuer',
      'forwardOriginalToken: true',
      'forwardOriginalToken: true\n    audiences: [door]',
    ),
    'lost',
  ],
  [
    'the token ends at the gateway',
    '26.03',
    within(
      'RequestAuthentication',
      'm2m-token-issuer',
      'forwardOriginalToken: true',
      'forwardOriginalToken: false',
    ),
    'lost',
  ],
  [
    'the token under another prefix',
    '26.03',
    within('RequestAuthentication', 'm2m-token-issuer', 'prefix: "Bearer "', 'prefix: "Token "'),
    'lost',
  ],
  [
    'the identity from another claim',
    '26.03',
    within('RequestAuthentication', 'dex-jwt', 'claim: email', 'claim: name'),
    'changed',
  ],
  [
    'no identity header is written',
    '26.03',
    within(
      'RequestAuthentication',
      'dex-jwt',
      'outputClaimToHeaders: [{claim: email, header: kubeflow-userid}, {claim: groups, header: kubeflow-groups}]',
      'spaceDelimitedClaims: []',
    ),
    'changed',
  ],
  ['the predictors verify no token', '26.03', drop('RequestAuthentication', 'demo-models'), 'deadRules'],
  [
    'the model is open to every account',
    '26.03',
    within(
      'AuthorizationPolicy',
      'demo-models',
      'system:serviceaccount:kubeflow-user-example-com:default-editor',
      '*',
    ),
    'gained',
  ],
  [
    'the model’s owner is not asked for',
    '26.03',
    within(
      'AuthorizationPolicy',
      'demo-models',
      '    when: [{key: "request.auth.claims[email]", values: [user@example.com]}]\n',
      '',
    ),
    'gained',
  ],
  [
    'the model’s owner is somebody else',
    '26.03',
    within('AuthorizationPolicy', 'demo-models', 'user@example.com', 'contributor@example.com'),
    'lost',
  ],
  [
    'a claim in the wrong brackets',
    '26.03',
    within('AuthorizationPolicy', 'demo-models', 'claims[email]', 'claims[e-mail]'),
    'lost',
  ],
  [
    'the notebook is open to every user',
    '26.03',
    within(
      'AuthorizationPolicy',
      'user-contributor-example-com-clusterrole-edit',
      'values: [contributor@example.com]',
      'values: ["*"]',
    ),
    'gained',
  ],
  [
    'the notebook trusts a header from anybody',
    '26.03',
    changeObject('AuthorizationPolicy', 'ns-owner-access-istio', (text) =>
      text.replace(/ {4}from:\n {4}- source:\n {8}principals:\n(?: {8}- .*\n)+/, ''),
    ),
    'gained',
  ],
  [
    'the namespace is open to the mesh',
    '26.03',
    within(
      'AuthorizationPolicy',
      'ns-owner-access-istio',
      'values: [kubeflow-user-example-com]',
      'values: ["*"]',
    ),
    'gained',
  ],
  [
    'a probe’s path widened',
    '26.03',
    within('AuthorizationPolicy', 'ns-owner-access-istio', '[/healthz, /metrics, /wait-for-drain]', '["/*"]'),
    'gained',
  ],
  [
    'the controller may do more than look',
    '26.03',
    within('AuthorizationPolicy', 'ns-owner-access-istio', 'methods: [GET], ', ''),
    'gained',
  ],
  [
    'the namespace has no sidecars',
    '26.03',
    within('Namespace', 'kubeflow-user-example-com', 'istio-injection: enabled', 'istio-injection: disabled'),
    'gained',
  ],
  [
    'the dashboard has no sidecar',
    '26.03',
    within(
      'Deployment',
      'centraldashboard',
      'sidecar.istio.io/inject: "true"',
      'sidecar.istio.io/inject: "false"',
    ),
    'gained',
  ],
  [
    'the dashboard’s policy allows everybody',
    '26.03',
    within(
      'AuthorizationPolicy',
      'central-dashboard',
      `rules: [{from: [{source: {principals: [${ingress}]}}]}]`,
      'rules: [{}]',
    ),
    'gained',
  ],
  [
    'the gateway’s account misspelled',
    '26.03',
    within(
      'AuthorizationPolicy',
      'central-dashboard',
      'istio-ingressgateway-service-account',
      'istio-ingressgateway',
    ),
    'unreachable',
  ],
  [
    'a policy without rules',
    '26.03',
    within(
      'AuthorizationPolicy',
      'katib-ui',
      `rules: [{from: [{source: {principals: [${ingress}]}}]}]`,
      'rules: []',
    ),
    'unreachable',
  ],
  ['no ALLOW at the gateway', '26.03', drop('AuthorizationPolicy', 'istio-ingressgateway'), 'unreachable'],
  [
    'a web app’s policy is gone, and the deny-all stays',
    '26.03',
    drop('AuthorizationPolicy', 'kserve-models-web-app'),
    'unreachable',
  ],
  [
    'kfam open to the gateway',
    '26.03',
    within('AuthorizationPolicy', 'profiles-kfam', 'cluster.local/ns/kubeflow/sa/centraldashboard', ingress),
    'gained',
  ],
  [
    'the API server believes a header from the mesh',
    '26.03',
    within(
      'AuthorizationPolicy',
      'ml-pipeline',
      '  - {when: [{key: "request.headers[kubeflow-userid]", notValues: ["*"]}]}',
      '  - {}',
    ),
    'gained',
  ],
  [
    'mTLS switched off towards a web app',
    '26.03',
    within('DestinationRule', 'jupyter-web-app', 'ISTIO_MUTUAL', 'DISABLE'),
    'lost',
  ],
  [
    'a strict mesh',
    '26.03',
    add(
      'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}\n',
    ),
    'lost',
  ],
  [
    'a prefix without its slash',
    '26.03',
    within('VirtualService', 'katib-ui', 'prefix: /katib/}', 'prefix: /kat}'),
    'changed',
  ],
  [
    'a route to a Service that is not there',
    '26.03',
    within('VirtualService', 'katib-ui', 'host: katib-ui.kubeflow', 'host: katib.kubeflow'),
    'unreachable',
  ],
  [
    'a route to a port that is not there',
    '26.03',
    within('VirtualService', 'metadata-grpc', 'number: 9090', 'number: 9091'),
    'lost',
  ],
  [
    'a route for one host only',
    '26.03',
    within('VirtualService', 'dex', 'hosts: ["*"]', 'hosts: [auth.example.com]'),
    'lost',
  ],
  [
    'a route of another gateway',
    '26.03',
    within('VirtualService', 'ml-pipeline-ui', 'gateways: [kubeflow-gateway]', 'gateways: [other-gateway]'),
    'changed',
  ],
  [
    'a host that shadows the others',
    '26.03',
    add(
      routes(
        'shadow',
        '{match: [{uri: {prefix: /x}}], route: [{destination: {host: katib-ui.kubeflow.svc.cluster.local}}]}',
      ).replace('hosts: ["*"]', 'hosts: [kubeflow.example.com]'),
    ),
    'lost',
  ],
  [
    'a route asks for a header',
    '26.03',
    within(
      'VirtualService',
      'katib-ui',
      'match: [{uri: {prefix: /katib/}}]',
      'match: [{uri: {prefix: /katib/}, headers: {x-beta: {exact: "1"}}}]',
    ),
    'changed',
  ],
  [
    'a page for everybody',
    '26.03',
    replace(
      '- match: [{uri: {prefix: /dex/}}]',
      '- {match: [{uri: {exact: /dex/robots.txt}}], directResponse: {status: 200, body: {string: x}}}\n  - match: [{uri: {prefix: /dex/}}]',
    ),
    'changed',
  ],
  [
    'a redirect in place of the dashboard',
    '26.03',
    within(
      'VirtualService',
      'centraldashboard',
      '    rewrite: {uri: /}\n    route: [{destination: {host: centraldashboard.kubeflow.svc.cluster.local, port: {number: 80}}}]',
      '    redirect: {uri: /x}',
    ),
    'unreachable',
  ],
  [
    'a fault that always strikes',
    '26.03',
    within(
      'VirtualService',
      'katib-ui',
      'rewrite: {uri: /katib/}',
      'rewrite: {uri: /katib/}\n    fault: {abort: {httpStatus: 503, percentage: {value: 100}}}',
    ),
    'lost',
  ],
  [
    'a Host header misspelled',
    '26.03',
    within(
      'VirtualService',
      'sklearn-iris-path',
      'Host: sklearn-iris-predictor.',
      'Host: sklearn-iris-predictr.',
    ),
    'lost',
  ],
  [
    'a Gateway that selects nothing',
    '26.03',
    within('Gateway', 'kubeflow-gateway', 'selector: {istio: ingressgateway}', 'selector: {istio: ingress}'),
    'lost',
  ],
  [
    'a Gateway for one host',
    '26.03',
    within(
      'Gateway',
      'kubeflow-gateway',
      'hosts: ["*"], tls: {mode',
      'hosts: [kubeflow.example.com], tls: {mode',
    ),
    'lost',
  ],
  [
    'dead paths: a double star',
    '26.03',
    add(
      allows(
        'double',
        '{action: DENY, rules: [{to: [{operation: {ports: ["80"], paths: ["/admin/*"]}}]}], selector: {matchLabels: {app: istio-ingressgateway}}}',
      ),
    ),
    'deadRules',
  ],
  [
    'another namespace is trusted',
    'v1.9',
    within(
      'AuthorizationPolicy',
      'ns-owner-access-istio',
      'values: [kubeflow-user-example-com]',
      'values: [kubeflow]',
    ),
    'gained',
  ],
  ['the auth service skips more', 'v1.8', replace('SKIP_AUTH_URLS: /dex', 'SKIP_AUTH_URLS: /'), 'public'],
  [
    'the auth service skips a model',
    'v1.6',
    replace('SKIP_AUTH_URI: /dex', 'SKIP_AUTH_URI: /dex /pipeline'),
    'public',
  ],
  [
    'the plain port serves instead of redirecting',
    'v1.8',
    replace(', tls: {httpsRedirect: true}', ''),
    'public',
  ],
]

const neutral: readonly (readonly [what: string, profile: Profile, edit: Edit])[] = [
  ['nothing', '26.03', (text) => text],
  ['nothing', 'v1.6', (text) => text],
  ['a comment', '26.03', (text) => `# a comment\n${text}`],
  ['another order of exemptions', '26.03', replace(exempt, '"/oauth2/*", "/dex/**", "/dex/*"')],
  ['an exemption another one covers', '26.03', replace(exempt, `${exempt}, "/dex/auth/*", "/dex/"`)],
  ['without the double star, which matched nothing', '26.03', replace('"/dex/*", "/dex/**", ', '"/dex/*", ')],
  [
    'a policy under another name',
    '26.03',
    within('AuthorizationPolicy', 'katib-ui', 'metadata: {name: katib-ui', 'metadata: {name: katib'),
  ],
  [
    'labels of a policy',
    '26.03',
    within('AuthorizationPolicy', 'katib-ui', 'namespace: kubeflow}', 'namespace: kubeflow, labels: {a: b}}'),
  ],
  [
    'a rule twice',
    '26.03',
    within(
      'AuthorizationPolicy',
      'central-dashboard',
      'rules: [',
      `rules: [{from: [{source: {principals: [${ingress}]}}]}, `,
    ),
  ],
  [
    'one rule as two policies',
    '26.03',
    add(
      `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: again, namespace: kubeflow}\nspec: {rules: [{from: [{source: {principals: [${ingress}]}}]}], selector: {matchLabels: {app: centraldashboard}}}\n`,
    ),
  ],
  [
    'ALLOW written out',
    '26.03',
    within('AuthorizationPolicy', 'ml-pipeline', 'spec:\n  rules', 'spec:\n  action: ALLOW\n  rules'),
  ],
  [
    'when for from',
    '26.03',
    within(
      'AuthorizationPolicy',
      'katib-ui',
      `rules: [{from: [{source: {principals: [${ingress}]}}]}]`,
      `rules: [{when: [{key: source.principal, values: [${ingress}]}]}]`,
    ),
  ],
  ['AUDIT', '26.03', add(allows('audit', '{action: AUDIT, rules: [{}]}'))],
  [
    'an ALLOW as a dry run',
    '26.03',
    add(
      allows('dry', '{rules: [{to: [{operation: {paths: ["/x"]}}]}]}').replace(
        'namespace: istio-system',
        'namespace: istio-system, annotations: {istio.io/dry-run: "true"}',
      ),
    ),
  ],
  [
    'a policy of another workload',
    '26.03',
    add(allows('nobody', '{action: DENY, rules: [{}], selector: {matchLabels: {app: nobody}}}')),
  ],
  [
    'a DENY that needs what is refused anyway',
    '26.03',
    add(
      allows(
        'both',
        '{action: DENY, rules: [{from: [{source: {notRequestPrincipals: ["*"]}}], to: [{operation: {paths: ["/pipeline/*"], notPorts: ["8080"]}}]}], selector: {matchLabels: {app: istio-ingressgateway}}}',
      ),
    ),
  ],
  [
    'a route under another name',
    '26.03',
    within('VirtualService', 'katib-ui', 'metadata: {name: katib-ui', 'metadata: {name: katib'),
  ],
  [
    'a route behind the one that takes all',
    '26.03',
    within(
      'VirtualService',
      'centraldashboard',
      'port: {number: 80}}}]',
      'port: {number: 80}}}]\n  - match: [{uri: {prefix: /nowhere}}]\n    directResponse: {status: 200}',
    ),
  ],
  ['a timeout', '26.03', within('VirtualService', 'ml-pipeline-ui', '300s', '600s')],
  [
    'a response header',
    '26.03',
    within(
      'VirtualService',
      'katib-ui',
      '  - match:',
      '  - headers: {response: {set: {x-a: b}}}\n    match:',
    ),
  ],
  [
    'a prefix as an expression',
    '26.03',
    within('VirtualService', 'profiles-kfam', 'prefix: /kfam/', 'regex: "/kfam/.*"'),
  ],
  [
    'a short name for the same Service',
    '26.03',
    within(
      'VirtualService',
      'katib-ui',
      'katib-ui.kubeflow.svc.cluster.local, port: {number: 80}',
      'katib-ui',
    ),
  ],
  ['a certificate’s name', '26.03', replace('credentialName: kubeflow-door-tls', 'credentialName: door-tls')],
  [
    'a mirror',
    '26.03',
    within(
      'VirtualService',
      'katib-ui',
      'rewrite: {uri: /katib/}',
      'rewrite: {uri: /katib/}\n    mirror: {host: centraldashboard.kubeflow.svc.cluster.local}',
    ),
  ],
  [
    'a fault that never strikes',
    '26.03',
    within(
      'VirtualService',
      'katib-ui',
      'rewrite: {uri: /katib/}',
      'rewrite: {uri: /katib/}\n    fault: {abort: {httpStatus: 503, percentage: {value: 0}}}',
    ),
  ],
  ['a cookie’s lifetime', '26.03', replace('cookie_expire = "24h"', 'cookie_expire = "12h"')],
  [
    'a Service nobody calls',
    '26.03',
    add(
      'apiVersion: v1\nkind: Service\nmetadata: {name: unused, namespace: kubeflow}\nspec: {selector: {app: unused}, ports: [{port: 80}]}\n',
    ),
  ],
  ['an image', '26.03', replace('central-dashboard:v1.10.0', 'central-dashboard:v1.10.1')],
  [
    'a ConfigMap',
    'v1.8',
    add('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: unused, namespace: kubeflow}\ndata: {a: b}\n'),
  ],
  ['two exemptions that make one', 'v1.8', replace('SKIP_AUTH_URLS: /dex', 'SKIP_AUTH_URLS: /dex,/dex/auth')],
  [
    'a trust domain’s alias',
    '26.03',
    replace('trustDomain: cluster.local', 'trustDomain: cluster.local\n    trustDomainAliases: [old.local]'),
  ],
]

function meshOf(
  profile: Profile,
  edit: Edit = (text) => text,
): { readonly mesh: Mesh; readonly edited: boolean } {
  const files = profileFiles(profile, { tls: true, demo: true })
  const inputs: MeshInput[] = files.map((input) => ({ ...input, text: edit(input.text, input.file) }))
  const { mesh } = parseMesh(inputs)
  return { mesh, edited: inputs.some(({ text }, at) => text !== files[at]?.text) }
}

const optionsOf = (mesh: Mesh) => {
  const signIn = releaseSignIn(mesh)
  return { fetched: assumedKeys, ...(signIn && { signIn }) }
}

const originals = new Map<Profile, Mesh>()
function diffOf(
  profile: Profile,
  edit: Edit,
): { readonly diff: AccessDiff; readonly meshes: readonly [Mesh, Mesh] } {
  const before = originals.get(profile) ?? meshOf(profile).mesh
  originals.set(profile, before)
  const after = meshOf(profile, edit).mesh
  const diff = diffAccess(before, after, { now, old: optionsOf(before), new: optionsOf(after) })
  return { diff, meshes: [before, after] }
}

/** What `explain` says of a witness, before the application's own check. */
function said(mesh: Mesh, { principal, witness }: Difference): string {
  const [, scheme, authority = '', path = ''] = /^(https?):\/\/([^/]*)(.*)$/.exec(witness.url) ?? []
  const host = witness.headers.find(([name]) => name === 'host')?.[1] ?? authority
  const answer = releaseSignIn(mesh)?.answer
  const result = explain(compileDoor(mesh, { fetched: assumedKeys }), {
    method: witness.method,
    scheme: scheme === 'https' ? 'https' : 'http',
    host,
    connectTo: authority,
    path,
    headers: witness.headers.filter(([name]) => name !== 'host'),
    principal: parsePrincipal(principal) as Principal,
    now,
    signature: () => false,
    ...(answer && { provider: answer }),
  })
  if ('problem' in result) return 'unavailable'
  return (result.arrived ?? result).decision.verdict === 'allow' ? 'allow' : result.verdict
}

for (const [at, [what, profile, edit, list]] of mistakes.entries()) {
  if (!taken(at)) continue
  test(`${profile}: ${what} is found (${list})`, () => {
    assert.ok(meshOf(profile, edit).edited, 'the edit finds its place')
    const { diff, meshes } = diffOf(profile, edit)
    assert.ok(
      diff[list].length > 0,
      JSON.stringify(diff, (_, each) => (Array.isArray(each) ? each.slice(0, 2) : each)),
    )
    if (list === 'deadRules') return
    const [first] = diff[list]
    assert.ok(first)
    if (first.witness.sni !== undefined) return
    for (const [side, fate] of [first.from, first.to].entries()) {
      const got = said(meshes[side] as Mesh, first)
      assert.equal(got === 'allow', fate.verdict === 'allow', `${side} ${got} ${JSON.stringify(first)}`)
    }
  })
}

for (const [at, [what, profile, edit]] of neutral.entries()) {
  if (!taken(at)) continue
  test(`${profile}: ${what} makes no difference`, () => {
    assert.ok(what === 'nothing' || meshOf(profile, edit).edited, 'the edit finds its place')
    const { deadRules, ...diff } = diffOf(profile, edit).diff
    assert.deepEqual(Object.fromEntries(Object.entries(diff).filter(([, list]) => list.length > 0)), {})
    // A policy that selects nobody here is not looked at; none of these makes a rule dead.
    assert.deepEqual(deadRules, [])
  })
}

test('the tables are as long as promised', () => {
  assert.ok(mistakes.length >= 60 && neutral.length >= 30)
})
