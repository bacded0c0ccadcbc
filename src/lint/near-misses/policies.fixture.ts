import { meshConfig, model, policy, provider, virtualService } from '../example-parts.ts'
import { type Rows, reports, silent } from './row.fixture.ts'

const gatewayAccount = 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'
const asUser = "when: [{key: 'request.headers[kubeflow-userid]', values: [a@example.com]}]"
const from = (...sources: readonly string[]) =>
  `from: [${sources.map((each) => `{source: {${each}}}`).join(', ')}]`
const rule = (...parts: readonly string[]) => policy('kubeflow', `rules:\n- ${parts.join('\n  ')}`)
const onModel = (spec: string) => [
  model,
  policy('kubeflow', `selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}\n${spec}`),
]
const operation = (action: string, fields: string) =>
  policy('kubeflow', `action: ${action}\nrules: [{to: [{operation: {${fields}}}]}]`)
const source = (fields: string) => policy('kubeflow', `rules: [{from: [{source: {${fields}}}]}]`)
const annotated = (text: string, annotation: string) =>
  text.replace('namespace: kubeflow}', `namespace: kubeflow, annotations: {${annotation}}}`)
const pod = (namespace: string, labels: string, more = '') => `apiVersion: v1
kind: Pod
metadata: {name: iris, namespace: ${namespace}, labels: {${labels}}}
spec: {${more}containers: [{name: model, image: model}]}`
const space = (name: string, labels: string) =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {${labels}}}`
const selects = (namespace: string, labels: string) =>
  policy(
    namespace,
    `selector: {matchLabels: {${labels}}}\nrules: [{from: [{source: {namespaces: [kubeflow]}}]}]`,
  )

const profile =
  'apiVersion: kubeflow.org/v1\nkind: Profile\nmetadata: {name: team-a}\nspec: {owner: {kind: User, name: owner@example.com}}'
const binding = (user: string, kind = 'RoleBinding') => `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata: {name: ann, namespace: team-a, annotations: {role: edit, user: '${user}'}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-edit}
subjects: [{kind: User, name: '${user}'}]`
const contributor = (values: string, name = 'owner', header = 'kubeflow-userid') =>
  policy(
    'team-a',
    `rules:\n- ${from(`principals: [${gatewayAccount}]`)}\n  when: [{key: 'request.headers[${header}]', values: [${values}]}]`,
    name,
  )

const apiGateway = (namespace: string, className = 'istio') => `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: models, namespace: ${namespace}}
spec: {gatewayClassName: ${className}, listeners: [{name: http, port: 80, protocol: HTTP}]}`
const targets = (group: string, kind: string, name: string, namespace = 'kubeflow') =>
  policy(
    namespace,
    `targetRefs: [{group: '${group}', kind: ${kind}, name: ${name}}]\naction: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]`,
  )
const normalizing = (normalization: string) =>
  meshConfig(
    `extensionProviders:\n${provider('oauth2-proxy')}\npathNormalization: {normalization: ${normalization}}`,
  )
const trust = (lines: string) => meshConfig(`${lines}\nextensionProviders:\n${provider('oauth2-proxy')}`)

const database = (port: string) => `apiVersion: v1
kind: Service
metadata: {name: dashboard, namespace: kubeflow}
spec: {selector: {app: dashboard}, ports: [${port}]}`
const tcpPort = '{name: tcp-db, port: 3306, targetPort: 3306}'
const httpPort = '{name: http, port: 80, targetPort: 8082}'
const onDashboard = (spec: string) => policy('kubeflow', `selector: {matchLabels: {app: dashboard}}\n${spec}`)

export const policyRows: Rows = {
  KFD0211: [
    reports(
      'one of two callers is not named',
      rule(from(`principals: [${gatewayAccount}]`, "ipBlocks: ['10.0.0.0/8']"), asUser),
    ),
    reports('anybody with a sidecar', rule(from("principals: ['*']"), asUser)),
    reports('any namespace', rule(from("namespaces: ['*']"), asUser)),
    reports('addresses are no identity', rule(from("remoteIpBlocks: ['10.0.0.0/8']"), asUser)),
    reports('a token of anybody', rule(from("requestPrincipals: ['*']"), asUser)),
    reports('large letters', rule(asUser.replace('kubeflow-userid', 'Kubeflow-UserID'))),
    silent('the gateway’s principal', rule(from(`principals: [${gatewayAccount}]`), asUser)),
    silent('the gateway’s namespace', rule(from('namespaces: [istio-system]'), asUser)),
    silent(
      'the gateway’s principal, as a condition',
      rule(
        `when: [{key: 'request.headers[kubeflow-userid]', values: [a@example.com]}, {key: source.principal, values: [${gatewayAccount}]}]`,
      ),
    ),
    reports(
      'every principal, as a condition',
      rule(
        "when: [{key: 'request.headers[kubeflow-userid]', values: [a@example.com]}, {key: source.principal, values: ['*']}]",
      ),
    ),
    silent(
      'whom it keeps out',
      rule("when: [{key: 'request.headers[kubeflow-userid]', notValues: [a@example.com]}]"),
    ),
    silent('a DENY', policy('kubeflow', `action: DENY\nrules:\n- ${asUser}`)),
    silent('a header that names nobody', rule("when: [{key: 'request.headers[x-request-id]', values: [a]}]")),
  ],
  KFD0214: [
    reports('three stars', operation('ALLOW', "paths: ['/a/***']"), { says: /begin|start/ }),
    reports('in what is left out', operation('DENY', "notPaths: ['/a/**']")),
    reports('everything', operation('ALLOW', "paths: ['/**']")),
    silent('one star', operation('ALLOW', "paths: ['/a/*']")),
    silent('a template', operation('ALLOW', "paths: ['/a/{**}']")),
    silent('a star alone', operation('ALLOW', "paths: ['*']")),
    silent('a star in front', operation('ALLOW', "paths: ['*/a']")),
  ],
  KFD0215: [
    reports('opened by an ALLOW', operation('ALLOW', "paths: ['/v1*']"), { says: /v1beta1/ }),
    reports('left out of a DENY', operation('DENY', "notPaths: ['/kfserving*']")),
    reports(
      'left out of a CUSTOM',
      policy(
        'istio-system',
        "action: CUSTOM\nprovider: {name: oauth2-proxy}\nrules: [{to: [{operation: {notPaths: ['/v1*']}}]}]",
      ),
    ),
    silent('closed by a DENY: it closes more', operation('DENY', "paths: ['/v1*']")),
    silent('left out of an ALLOW: it closes more', operation('ALLOW', "paths: ['/*'], notPaths: ['/v1*']")),
    silent('an AUDIT opens nothing', operation('AUDIT', "paths: ['/v1*'], notPaths: ['/v1*']")),
    silent('a whole segment', operation('ALLOW', "paths: ['/v1/*']")),
    silent('a template', operation('ALLOW', "paths: ['/v1/{*}']")),
    silent('everything', operation('ALLOW', "paths: ['/*', '*']")),
    reports(
      'a rewritten prefix',
      virtualService('model', "'*'", '/models').replace('route:', 'rewrite: {uri: /}, route:'),
    ),
    silent(
      'a rewritten prefix of whole segments',
      virtualService('model', "'*'", '/models/').replace('route:', 'rewrite: {uri: /}, route:'),
    ),
    silent('a prefix that is handed on as it came', virtualService('model', "'*'", '/models')),
  ],
  KFD0217: [
    reports('a star inside a principal', source("principals: ['cluster.local/ns/*/sa/default']")),
    reports('a star inside a token’s principal', source("requestPrincipals: ['https://*.example.com/ci']")),
    reports('two stars and nothing else', operation('ALLOW', "paths: ['**']")),
    reports('no slash', operation('ALLOW', 'paths: [models/*]')),
    reports('a query', operation('ALLOW', "paths: ['/a?b=c']")),
    reports('a fragment', operation('ALLOW', "paths: ['/a#b']")),
    reports('small letters in what is left out', operation('ALLOW', 'notMethods: [get]')),
    reports('a scheme', operation('ALLOW', "hosts: ['https://kubeflow.example.com']")),
    reports('a path in a host', operation('ALLOW', "hosts: ['kubeflow.example.com/pipeline']")),
    reports('a star inside a path', operation('ALLOW', "paths: ['/models/*/infer']")),
    silent(
      'a star at an end of a principal',
      source("principals: ['cluster.local/ns/team-a/*', '*/sa/default']"),
    ),
    silent('a template', operation('ALLOW', "paths: ['/models/{*}/infer']")),
    silent(
      'a host with its port',
      operation('ALLOW', "hosts: ['kubeflow.example.com:8080', '*.example.com']"),
    ),
    silent('methods of WebDAV', operation('ALLOW', 'methods: [PROPFIND, M-SEARCH]')),
    silent('letters of a path are small or not', operation('ALLOW', "paths: ['/Models/v1']")),
  ],
  KFD0218: [
    reports(
      'who, then where',
      policy(
        'kubeflow',
        `rules:\n- ${from('namespaces: [team-a]')}\n- to: [{operation: {paths: ['/models/*']}}]`,
      ),
    ),
    reports(
      'where, then who',
      policy(
        'kubeflow',
        `rules:\n- to: [{operation: {paths: ['/models/*']}}]\n- ${from('namespaces: [team-a]')}`,
      ),
    ),
    reports(
      'in a DENY',
      policy(
        'kubeflow',
        `action: DENY\nrules:\n- ${from('namespaces: [team-a]')}\n- to: [{operation: {methods: [DELETE]}}]`,
      ),
    ),
    silent(
      'one rule',
      policy(
        'kubeflow',
        `rules:\n- ${from('namespaces: [team-a]')}\n  to: [{operation: {paths: ['/models/*']}}]`,
      ),
    ),
    silent(
      'two whole rules',
      policy(
        'kubeflow',
        `rules:\n- ${from('namespaces: [team-a]')}\n- ${from('namespaces: [team-b]')}\n  to: [{operation: {methods: [GET]}}]`,
      ),
    ),
    silent(
      'two callers',
      policy('kubeflow', `rules:\n- ${from('namespaces: [team-a]')}\n- ${from('namespaces: [team-b]')}`),
    ),
    silent(
      'probes beside callers, as Kubeflow’s overlay has them',
      policy(
        'kubeflow',
        `rules:\n- ${from("requestPrincipals: ['*']")}\n- to: [{operation: {paths: [/healthz, /ready, /metrics, '*/healthz']}}]`,
      ),
    ),
    silent(
      'with a condition',
      policy(
        'kubeflow',
        `rules:\n- ${from('namespaces: [team-a]')}\n- to: [{operation: {paths: ['/models/*']}}]\n  when: [{key: 'request.headers[x-a]', values: [b]}]`,
      ),
    ),
  ],
  KFD0219: [
    reports('for the model', onModel('rules: [{}]')),
    reports('for its whole namespace', [model, policy('kubeflow', 'rules: [{}]')]),
    reports('anybody with a sidecar', onModel("rules: [{from: [{source: {principals: ['*']}}]}]")),
    reports('one of several rules', onModel('rules: [{from: [{source: {namespaces: [istio-system]}}]}, {}]')),
    silent('some paths', onModel("rules: [{to: [{operation: {paths: ['/v1/*']}}]}]")),
    silent('a DENY for all', onModel('action: DENY\nrules: [{}]')),
    silent('some namespaces', onModel('rules: [{from: [{source: {namespaces: [istio-system]}}]}]')),
    silent(
      'what the door does not guard',
      policy('kubeflow', 'selector: {matchLabels: {app: dashboard}}\nrules: [{}]'),
    ),
    silent('no rule at all lets nobody in', onModel('rules: []')),
  ],
  KFD0227: [
    reports('the day before', annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-06-30'")),
    reports('a moment', annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-06-30T23:59:59Z'")),
    reports('no date', annotated(source('namespaces: [ci]'), "kfdoor.dev/until: 'next week'"), {
      says: /no date/,
    }),
    reports('a day there is not', annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-06-31'"), {
      says: /no date/,
    }),
    reports('a route', annotated(virtualService('model', "'*'", '/x/'), "kfdoor.dev/until: '2026-01-31'")),
    reports(
      'a Gateway',
      annotated(
        "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: models, namespace: kubeflow}\nspec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['m.example.com']}]}",
        "kfdoor.dev/until: '2026-01-31'",
      ),
    ),
    reports(
      'a time without its zone, another one on every machine',
      annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-06-30T10:00:00'"),
      { says: /zone/ },
    ),
    silent('the day itself', annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-07-01'")),
    silent('tomorrow', annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-07-02'")),
    silent(
      'a moment of today that is not over',
      annotated(source('namespaces: [ci]'), "kfdoor.dev/until: '2026-07-01T00:00:01Z'"),
    ),
    silent('another annotation', annotated(source('namespaces: [ci]'), "example.com/until: '2026-01-31'")),
  ],
  KFD0229: [
    reports('one letter off', selects('kubeflow', 'app: dashbord')),
    reports(
      'a label of the Deployment that is not the pod’s',
      selects('kubeflow', 'app: dashboard, app.kubernetes.io/name: dashboard'),
    ),
    reports('no longer the root namespace', [
      trust('rootNamespace: istio-config'),
      selects('istio-system', 'app: dashboard'),
    ]),
    silent('from the root namespace, anywhere', [
      trust('rootNamespace: istio-config'),
      selects('istio-config', 'app: dashboard'),
    ]),
    silent('a namespace whose pods are not in the YAML', selects('team-b', 'app: x')),
    silent(
      'every pod of the namespace',
      policy(
        'kubeflow',
        'selector: {matchLabels: {}}\nrules: [{from: [{source: {namespaces: [istio-system]}}]}]',
      ),
    ),
    reports(
      'a RequestAuthentication',
      'apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: x, namespace: kubeflow}\nspec: {selector: {matchLabels: {app: dashbord}}, jwtRules: [{issuer: https://a.example.com}]}',
    ),
    silent('a target instead of labels', [
      apiGateway('kubeflow'),
      targets('gateway.networking.k8s.io', 'Gateway', 'models'),
    ]),
    silent('a model that Knative makes pods for when it is called', [
      'apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: digits, namespace: kubeflow}\nspec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: gs://x}}}',
      selects('kubeflow', 'serving.kserve.io/inferenceservice: digits'),
    ]),
  ],
  KFD0230: [
    reports(
      'the mesh has another trust domain',
      [trust('trustDomain: mesh.example'), source('principals: [other.example/ns/kubeflow/sa/dashboard]')],
      { says: /trust domain/ },
    ),
    silent('its own', [
      trust('trustDomain: mesh.example'),
      source('principals: [mesh.example/ns/kubeflow/sa/dashboard]'),
    ]),
    silent('an alias', [
      trust('trustDomain: mesh.example\ntrustDomainAliases: [old.example]'),
      source('principals: [old.example/ns/kubeflow/sa/dashboard]'),
    ]),
    silent('cluster.local stands for the mesh’s', [
      trust('trustDomain: mesh.example'),
      source('principals: [cluster.local/ns/kubeflow/sa/dashboard]'),
    ]),
    reports('with the scheme', source("principals: ['spiffe://cluster.local/ns/kubeflow/sa/dashboard']"), {
      says: /spiffe/,
    }),
    reports('an account no pod has', source('principals: [cluster.local/ns/kubeflow/sa/dashbord]')),
    reports('the short form', source('serviceAccounts: [kubeflow/dashbord]')),
    reports(
      'as a condition',
      policy(
        'kubeflow',
        'rules: [{when: [{key: source.principal, values: [cluster.local/ns/kubeflow/sa/dashbord]}]}]',
      ),
    ),
    silent('an account that is in the YAML, without a pod', [
      'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, namespace: kubeflow}',
      source('principals: [cluster.local/ns/kubeflow/sa/ci]'),
    ]),
    silent('a namespace that is not in the YAML', source('principals: [cluster.local/ns/team-b/sa/x]')),
    silent('a star', source("principals: ['cluster.local/ns/kubeflow/*', '*']")),
  ],
  KFD0232: [
    reports('other capitals', [profile, binding('Ann@example.com'), contributor('ann@example.com')], {
      says: /capitals/,
    }),
    reports('nobody lets the name in', [
      profile,
      binding('bob@example.com'),
      contributor('owner@example.com'),
    ]),
    reports('the prefix of Google’s proxy', [
      profile,
      binding('ann@example.com'),
      contributor("'accounts.google.com:ann@example.com'"),
    ]),
    silent('both objects', [profile, binding('ann@example.com'), contributor('ann@example.com')]),
    silent('a pattern lets the name in', [
      profile,
      binding('ann@example.com'),
      contributor("'*@example.com'"),
    ]),
    silent('a second policy', [
      profile,
      binding('ann@example.com'),
      contributor('owner@example.com'),
      contributor('ann@example.com', 'ann'),
    ]),
    silent('a role in the whole cluster', [
      profile,
      binding('ann@example.com', 'ClusterRoleBinding').replace(', namespace: team-a', ''),
      contributor('owner@example.com'),
    ]),
    silent('a profile without policies by name', [profile, binding('ann@example.com')]),
    silent('a namespace that is no profile', [binding('ann@example.com'), contributor('owner@example.com')]),
  ],
  KFD0238: [
    reports('a prefix', operation('DENY', "paths: ['/admin/*']")),
    reports('one path', operation('DENY', 'paths: [/admin]')),
    silent('slashes are merged', [normalizing('MERGE_SLASHES'), operation('DENY', 'paths: [/admin]')]),
    silent('decoded and merged', [
      normalizing('DECODE_AND_MERGE_SLASHES'),
      operation('DENY', 'paths: [/admin]'),
    ]),
    reports('nothing is made of paths', [normalizing('NONE'), operation('DENY', 'paths: [/admin]')]),
    silent('an ending takes it with any beginning', operation('DENY', "paths: ['*/admin']")),
    silent('everything', operation('DENY', "paths: ['/*']")),
    silent('an ALLOW', operation('ALLOW', 'paths: [/admin]')),
    silent('what is left out of a DENY', operation('DENY', 'notPaths: [/open]')),
  ],
  KFD0240: [
    reports('a namespace without injection', [pod('models', 'app: iris'), selects('models', 'app: iris')]),
    silent('a revision in the namespace’s label', [
      space('models', 'istio.io/rev: canary'),
      pod('models', 'app: iris'),
      selects('models', 'app: iris'),
    ]),
    silent('a revision in the pod’s label', [
      pod('models', "app: iris, istio.io/rev: '1-28'"),
      selects('models', 'app: iris'),
    ]),
    silent('asked for by the pod', [
      pod('models', "app: iris, sidecar.istio.io/inject: 'true'"),
      selects('models', 'app: iris'),
    ]),
    reports('refused by the pod', [
      space('models', 'istio-injection: enabled'),
      pod('models', "app: iris, sidecar.istio.io/inject: 'false'"),
      selects('models', 'app: iris'),
    ]),
    reports('in the node’s network', [
      space('models', 'istio-injection: enabled'),
      pod('models', 'app: iris', 'hostNetwork: true, '),
      selects('models', 'app: iris'),
    ]),
    reports(
      'an ambient namespace: a waypoint would have to',
      [
        space('models', 'istio.io/dataplane-mode: ambient'),
        pod('models', 'app: iris'),
        selects('models', 'app: iris'),
      ],
      { says: /waypoint/ },
    ),
    silent('a gateway', selects('istio-system', 'app: istio-ingressgateway')),
    silent('a policy for the whole namespace says it of every pod', [
      pod('models', 'app: iris'),
      policy('models', 'rules: [{from: [{source: {namespaces: [kubeflow]}}]}]'),
    ]),
  ],
  KFD0242: [
    reports('a Gateway of another namespace', [
      apiGateway('kserve'),
      targets('gateway.networking.k8s.io', 'Gateway', 'models'),
    ]),
    reports('a RequestAuthentication with its Gateway elsewhere', [
      apiGateway('kserve'),
      'apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: x, namespace: kubeflow}\nspec: {targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: models}], jwtRules: [{issuer: https://a.example.com}]}',
    ]),
    silent('the Gateway beside it', [
      apiGateway('kubeflow'),
      targets('gateway.networking.k8s.io', 'Gateway', 'models'),
    ]),
    silent('a waypoint', [
      apiGateway('kubeflow', 'istio-waypoint'),
      targets('gateway.networking.k8s.io', 'Gateway', 'models'),
    ]),
    silent('a Service, which is its waypoint’s matter', targets('', 'Service', 'dashboard')),
    silent(
      'all waypoints, from the root namespace',
      targets('gateway.networking.k8s.io', 'GatewayClass', 'istio-waypoint', 'istio-system'),
    ),
  ],
  KFD0248: [
    reports('an ALLOW', annotated(source('namespaces: [ci]'), "istio.io/dry-run: 'true'")),
    reports('a DENY', annotated(operation('DENY', 'methods: [TRACE]'), "istio.io/dry-run: 'true'")),
    reports('a 1, as Go reads it', annotated(source('namespaces: [ci]'), "istio.io/dry-run: '1'")),
    reports('large letters', annotated(source('namespaces: [ci]'), "istio.io/dry-run: 'TRUE'")),
    silent('off', annotated(source('namespaces: [ci]'), "istio.io/dry-run: 'false'")),
    silent('not written', source('namespaces: [ci]')),
    silent('another annotation', annotated(source('namespaces: [ci]'), "example.com/dry-run: 'true'")),
  ],
  KFD0251: [
    reports(
      'a DENY of one path closes the whole port',
      [database(tcpPort), onDashboard("action: DENY\nrules: [{to: [{operation: {paths: ['/admin']}}]}]")],
      { says: /closes/ },
    ),
    reports('a DENY of one path closes the port beside the HTTP one', [
      database(`${httpPort}, ${tcpPort}`),
      onDashboard("action: DENY\nrules: [{to: [{operation: {paths: ['/admin']}}]}]"),
    ]),
    reports(
      'an ALLOW with a header is dropped where every port is TCP',
      [database(tcpPort), onDashboard("rules: [{when: [{key: 'request.headers[x-a]', values: [b]}]}]")],
      { says: /dropped/ },
    ),
    silent('an ALLOW is for the HTTP port beside it', [
      database(`${httpPort}, ${tcpPort}`),
      onDashboard("rules: [{to: [{operation: {paths: ['/a']}}]}]"),
    ]),
    silent('the DENY names the HTTP port', [
      database(`${httpPort}, ${tcpPort}`),
      onDashboard("action: DENY\nrules: [{to: [{operation: {paths: ['/admin'], ports: ['8082']}}]}]"),
    ]),
    silent('callers and ports only', [
      database(tcpPort),
      onDashboard(
        "rules: [{from: [{source: {namespaces: [kubeflow]}}], to: [{operation: {ports: ['3306']}}]}]",
      ),
    ]),
    silent('HTTP', [
      database(httpPort),
      onDashboard("action: DENY\nrules: [{to: [{operation: {paths: ['/admin']}}]}]"),
    ]),
    silent('a port of no name is looked into', [
      database('{name: web, port: 80, targetPort: 8082}'),
      onDashboard("action: DENY\nrules: [{to: [{operation: {paths: ['/admin']}}]}]"),
    ]),
    reports('by appProtocol', [
      database('{name: web, port: 80, targetPort: 8082, appProtocol: mongo}'),
      onDashboard('action: DENY\nrules: [{to: [{operation: {methods: [GET]}}]}]'),
    ]),
  ],
}
