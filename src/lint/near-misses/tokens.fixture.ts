import {
  dex,
  dexRule,
  long,
  machineRule,
  meshConfig,
  model,
  policy,
  provider,
  short,
  tokens,
} from '../example-parts.ts'
import { type Rows, reports, silent } from './row.fixture.ts'

const modelPolicy = (rules: string) =>
  policy('kubeflow', `selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}\n${rules}`)
const asksForToken = 'rules: [{from: [{source: {requestPrincipals: ["*"]}}]}]'

const authentication = (namespace: string, spec: string, name = 'other') =>
  tokens('')
    .replace(/metadata: .*/, `metadata: {name: ${name}, namespace: ${namespace}}`)
    .replace(/spec:[\s\S]*/, `spec: ${spec}`)
const kubernetesRule = `{issuer: '${short}', jwksUri: 'https://kubernetes.default.svc/openid/v1/jwks', audiences: [door]}`

const eks = 'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF'
const inner = `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: ClusterIP, selector: {istio: nothing}, ports: [{name: http2, port: 80, targetPort: 8080}]}`

export const tokenRows: Rows = {
  KFD0201: [
    reports('a policy for a whole namespace none of whose pods verifies a token', [
      policy('kubeflow', asksForToken),
    ]),
    reports('a RequestAuthentication without a rule verifies nothing', [
      model,
      authentication('kubeflow', '{selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}}'),
      modelPolicy(asksForToken),
    ]),
    reports('a RequestAuthentication of another namespace', [
      model,
      authentication(
        'team-a',
        `{selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}, jwtRules: [${kubernetesRule}]}`,
      ),
      modelPolicy(asksForToken),
    ]),
    silent('a RequestAuthentication for the whole namespace', [
      model,
      authentication('kubeflow', `{jwtRules: [${kubernetesRule}]}`),
      modelPolicy(asksForToken),
    ]),
    silent('a RequestAuthentication in the root namespace, for every workload', [
      model,
      authentication('istio-system', `{jwtRules: [${kubernetesRule}]}`),
      modelPolicy(asksForToken),
    ]),
    silent('the root namespace has another name', [
      meshConfig(`rootNamespace: istio-config\nextensionProviders:\n${provider('oauth2-proxy')}`),
      model,
      authentication('istio-config', `{jwtRules: [${kubernetesRule}]}`),
      modelPolicy(asksForToken),
    ]),
    reports('istio-system is not the root namespace of this mesh', [
      meshConfig(`rootNamespace: istio-config\nextensionProviders:\n${provider('oauth2-proxy')}`),
      model,
      authentication('istio-system', `{jwtRules: [${kubernetesRule}]}`),
      modelPolicy(asksForToken),
    ]),
    reports('a claim is asked for in `when`', [
      model,
      modelPolicy("rules: [{when: [{key: 'request.auth.claims[groups]', values: [ml]}]}]"),
    ]),
    reports('a DENY on a missing token, for the whole mesh, closes the dashboard', [
      policy('istio-system', 'action: DENY\nrules: [{from: [{source: {notRequestPrincipals: ["*"]}}]}]'),
    ]),
    silent('an ALLOW for the whole mesh, where the gateway verifies', [policy('istio-system', asksForToken)]),
    silent('a header is asked for, and no token', [
      model,
      modelPolicy("rules: [{when: [{key: 'request.headers[x-team]', values: [ml]}]}]"),
    ]),
  ],
  KFD0207: [
    silent('both names of the API server', tokens(`${dexRule}\n${machineRule(long)}\n${machineRule(short)}`)),
    reports('each workload knows one of the two names', [
      tokens(`${dexRule}\n${machineRule(long)}`),
      authentication('kubeflow', `{jwtRules: [${kubernetesRule}]}`),
    ]),
    silent('two objects on one workload know the two names', [
      tokens(`${dexRule}\n${machineRule(long)}`),
      authentication(
        'istio-system',
        `{selector: {matchLabels: {istio: ingressgateway}}, jwtRules: [${kubernetesRule}]}`,
      ),
    ]),
    reports('Dex says it without the slash', [
      dex('http://dex.auth.svc.cluster.local:5556/dex'),
      tokens("- {issuer: 'http://dex.auth.svc.cluster.local:5556/dex/'}"),
    ]),
    reports('Dex says it with the slash', [
      dex('http://dex.auth.svc.cluster.local:5556/dex/'),
      tokens(dexRule),
    ]),
    reports('Dex says https', [
      dex('https://kubeflow.example.com/dex'),
      tokens("- {issuer: 'http://kubeflow.example.com/dex'}"),
    ]),
    reports('the port that https has anyway is another text', [
      dex('https://kubeflow.example.com/dex'),
      tokens("- {issuer: 'https://kubeflow.example.com:443/dex'}"),
    ]),
    reports('Dex is configured by a Secret, as its Helm chart does', [
      `apiVersion: v1
kind: Secret
metadata: {name: dex, namespace: auth}
stringData:
  config.yaml: |
    issuer: https://kubeflow.example.com/dex
    storage: {type: kubernetes}`,
      tokens("- {issuer: 'https://kubeflow.example.com/dex/'}"),
    ]),
    silent('the spelling Dex uses stands beside the other', [
      dex('http://dex.auth.svc.cluster.local:5556/dex'),
      tokens(
        `${dexRule}\n- {issuer: 'http://dex.auth.svc.cluster.local:5556/dex/'}\n${machineRule(long)}\n${machineRule(short)}`,
      ),
    ]),
    silent('another Dex', [
      dex('http://dex.auth.svc.cluster.local:5556/dex'),
      tokens(
        `- {issuer: 'http://dex.other.svc.cluster.local:5556/dex'}\n${machineRule(long)}\n${machineRule(short)}`,
      ),
    ]),
    silent('the issuer of Dex comes from its environment', [
      dex('$DEX_ISSUER'),
      tokens(`${dexRule}\n${machineRule(long)}\n${machineRule(short)}`),
    ]),
    silent('a managed cluster has one name only', tokens(`${dexRule}\n${machineRule(eks)}`)),
  ],
  KFD0208: [
    silent('EKS', tokens(`${dexRule}\n${machineRule(eks)}`)),
    silent(
      'GKE',
      tokens(
        `${dexRule}\n${machineRule('https://container.googleapis.com/v1/projects/p/locations/l/clusters/c')}`,
      ),
    ),
    silent(
      'AKS',
      tokens(`${dexRule}\n${machineRule('https://westeurope.oic.prod-aks.azure.com/tenant/id/')}`),
    ),
    silent(
      'an issuer of one’s own, whose keys are the API server’s',
      tokens(`${dexRule}\n${machineRule('https://tokens.example.com')}`),
    ),
    silent(
      'keys through Kubeflow’s proxy of the API server',
      tokens(
        `${dexRule}\n- {issuer: 'https://10.0.0.1:6443', jwksUri: 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks'}`,
      ),
    ),
    reports('Dex, at a name without a path', tokens("- {issuer: 'http://dex.auth.svc.cluster.local'}")),
    reports('accounts of people only', tokens("- {issuer: 'https://accounts.google.com'}")),
    reports('the machines’ issuer stands at another gateway', [
      tokens(dexRule),
      authentication(
        'istio-system',
        `{selector: {matchLabels: {istio: cluster-local-gateway}}, jwtRules: [${kubernetesRule}]}`,
      ),
    ]),
    silent('a gateway nobody outside reaches', [
      inner
        .replace('istio: nothing', 'istio: ingressgateway')
        .replace(/name: istio-ingressgateway/, 'name: inner'),
      inner,
      tokens(dexRule),
    ]),
  ],
  KFD0209: [
    reports('a template of Helm', tokens(`${dexRule}\n- {issuer: '{{ .Values.issuer }}'}`)),
    reports('a variable of kustomize', tokens(`${dexRule}\n- {issuer: 'https://$(ISSUER)/'}`)),
    reports(
      'a variable of envsubst in the address of the keys',
      tokens("- {issuer: 'https://a.example.com', jwksUri: 'https://keys.example.com/$REALM/keys'}"),
    ),
    reports(
      'angle brackets',
      tokens(`${dexRule}\n- {issuer: 'https://login.microsoftonline.com/<tenant-id>/v2.0'}`),
    ),
    reports(
      'what Entra’s own page of issuers says',
      tokens(`${dexRule}\n- {issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0'}`),
    ),
    reports(
      'small letters',
      tokens(`${dexRule}\n- {issuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/cluster_id'}`),
    ),
    silent(
      'a real tenant',
      tokens(
        `${dexRule}\n- {issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'}`,
      ),
    ),
    silent(
      'a name that begins like a placeholder',
      tokens(`${dexRule}\n- {issuer: 'https://replacements.example.com'}`),
    ),
    silent('a name that holds one', tokens(`${dexRule}\n- {issuer: 'https://clusterid.example.com/yours'}`)),
  ],
  KFD0210: [
    reports('an empty list', tokens(`${dexRule}\n${machineRule(short, ', audiences: []')}`)),
    reports('EKS', tokens(`${dexRule}\n${machineRule(eks, '')}`)),
    reports('one of two rules', tokens(`${dexRule}\n${machineRule(short)}\n${machineRule(long, '')}`)),
    reports(
      'an issuer of one’s own, whose keys are the API server’s',
      tokens(`${dexRule}\n${machineRule('https://tokens.example.com', '')}`),
    ),
    silent(
      'Dex: its tokens are for its client',
      tokens(`${dexRule}\n${machineRule(short)}\n${machineRule(long)}`),
    ),
    silent(
      'Dex, at a name without a path',
      tokens(`- {issuer: 'http://dex.auth.svc.cluster.local'}\n${machineRule(short)}`),
    ),
    silent('several audiences', tokens(`${dexRule}\n${machineRule(short, ', audiences: [a, b]')}`)),
  ],
}
