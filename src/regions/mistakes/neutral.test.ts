/** Edits that change nothing. */
import { add, allows, type Edit, exempt, ingress, type Profile, replace, within } from './edits.test.ts'

export const neutral: readonly (readonly [what: string, profile: Profile, edit: Edit])[] = [
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
  ['an ALLOW in two policies', '26.03', (text, file) => add(`apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ml-pipeline-second, namespace: kubeflow}\nspec: {selector: {matchLabels: {app: ml-pipeline}}, rules: [{when: [{key: "request.headers[kubeflow-userid]", notValues: ["*"]}]}]}\n`)(within('AuthorizationPolicy', 'ml-pipeline', '  - {when: [{key: "request.headers[kubeflow-userid]", notValues: ["*"]}]}\n', '')(text, file), file)],
  ['two rules in another order', '26.03', within('AuthorizationPolicy', 'ns-owner-access-istio', '  - {when: [{key: source.namespace, values: [kubeflow-user-example-com]}]}\n  - {to: [{operation: {paths: [/healthz, /metrics, /wait-for-drain]}}]}\n', '  - {to: [{operation: {paths: [/wait-for-drain, /metrics, /healthz]}}]}\n  - {when: [{key: source.namespace, values: [kubeflow-user-example-com]}]}\n')],
  ['namespaces for a condition', '26.03', within('AuthorizationPolicy', 'ns-owner-access-istio', '{when: [{key: source.namespace, values: [kubeflow-user-example-com]}]}', '{from: [{source: {namespaces: [kubeflow-user-example-com]}}]}')],
  ['a value twice', '26.03', within('AuthorizationPolicy', 'ns-owner-access-istio', 'values: [user@example.com]', 'values: [user@example.com, user@example.com]')],
  ['a user nobody is, who may do what is open anyway', '26.03', within('AuthorizationPolicy', 'istio-ingressgateway', 'rules: [{}]', 'rules: [{}, {to: [{operation: {paths: ["/x"]}}]}]')],
  ['an empty rule written out', '26.03', within('AuthorizationPolicy', 'istio-ingressgateway', 'rules: [{}]', 'rules: [{to: [{operation: {paths: ["/*"]}}]}]')],
  ['a policy in a namespace without pods', '26.03', add('apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: closed, namespace: nowhere}\nspec: {}\n')],
  ['a selector with one label fewer', '26.03', within('AuthorizationPolicy', 'istio-ingressgateway', 'matchLabels: {app: istio-ingressgateway, istio: ingressgateway}', 'matchLabels: {istio: ingressgateway}')],
  ['a label more on a Namespace', '26.03', within('Namespace', 'kubeflow-user-example-com', 'istio-injection: enabled,', 'istio-injection: enabled, team: blue,')],
  ['annotations of a Deployment', '26.03', within('Deployment', 'centraldashboard', 'metadata: {name: centraldashboard', 'metadata: {annotations: {a: b}, name: centraldashboard')],
  ['a VirtualService’s labels', '26.03', within('VirtualService', 'katib-ui', 'metadata: {name: katib-ui,', 'metadata: {labels: {a: b}, name: katib-ui,')],
  ['a Gateway under two names', '26.03', within('VirtualService', 'katib-ui', 'gateways: [kubeflow-gateway]', 'gateways: [kubeflow/kubeflow-gateway, kubeflow-gateway]')],
  ['the whole namespace for a short host', '26.03', within('VirtualService', 'jupyter-web-app-jupyter-web-app', 'host: jupyter-web-app-service.kubeflow.svc.cluster.local', 'host: jupyter-web-app-service')],
  ['one weight of a hundred', '26.03', within('VirtualService', 'katib-ui', 'port: {number: 80}}}]', 'port: {number: 80}}, weight: 100}]')],
  ['retries', '26.03', within('VirtualService', 'ml-pipeline-ui', '    timeout: "300s"', '    timeout: "300s"\n    retries: {attempts: 3, perTryTimeout: 2s}')],
  ['two matches for one', '26.03', within('VirtualService', 'profiles-kfam', 'match: [{uri: {prefix: /kfam/}}]', 'match: [{uri: {prefix: /kfam/}}, {uri: {prefix: /kfam/v1}}]')],
  ['the order of headers in a rule of the provider', '26.03', replace('headersToUpstreamOnAllow: [authorization, ', 'headersToUpstreamOnAllow: [authorization, authorization, ')],
  ['a RoleBinding that binds the same again', '26.03', add('apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: again, namespace: kubeflow-user-example-com}\nroleRef: {kind: ClusterRole, name: kubeflow-view, apiGroup: rbac.authorization.k8s.io}\nsubjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: contributor@example.com}]\n')],
  ['the RoleBinding under another name', '26.03', within('RoleBinding', 'default-editor', 'metadata: {name: default-editor', 'metadata: {name: editor')],
  ['PERMISSIVE written out', '26.03', add('apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: istio-system}\nspec: {mtls: {mode: PERMISSIVE}}\n')],
  ['a DestinationRule that sets only connections', '26.03', add('apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: pool, namespace: kubeflow}\nspec: {host: centraldashboard.kubeflow.svc.cluster.local, trafficPolicy: {connectionPool: {http: {maxRetries: 3}}}}\n')],
  ['a RequestAuthentication of pods nobody has', '26.03', add('apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: none, namespace: kubeflow}\nspec: {selector: {matchLabels: {app: none}}, jwtRules: [{issuer: "https://x.example", jwksUri: "https://x.example/keys"}]}\n')],
  ['a comment', 'v1.9', (text) => `# a comment\n${text}`],
  ['an exemption another one covers', 'v1.9', replace('"/oauth2/*"', '"/oauth2/*", "/oauth2/start"')],
] // biome-ignore format: a table
