/** What the rules without a reported thread rest on. */
export const sources: Readonly<Record<string, string>> = {
  KFD0200: 'Istio’s validation of its own kinds, `pkg/config/validation` in istio/istio.',
  KFD0206: 'Istio, external authorization: all CUSTOM policies of one workload have to name one provider.',
  KFD0215: 'Istio, AuthorizationPolicy `paths`: a star at the end is a prefix of the text, not of a segment.',
  KFD0217: 'Istio’s matchers as recorded from Envoy; `conformance/` holds the outcomes.',
  KFD0224:
    'Kubernetes, Services of type NodePort and LoadBalancer, and Ingress: each is a way in of its own.',
  KFD0225: 'The manifests of Kubeflow’s releases, which carry these values.',
  KFD0227: 'The annotation `kfdoor.dev/until`, which kfdoor writes where something is opened for a time.',
  KFD0237: 'Istio, MeshConfig `failOpen` and `statusOnError` of extension providers.',
  KFD0238: 'Istio security bulletin ISTIO-SECURITY-2021-008 and MeshConfig `pathNormalization`.',
  KFD0242: 'Istio, `targetRefs` of policies, and which versions read them.',
  KFD0248: 'Istio, the annotation `istio.io/dry-run`.',
  KFD0249: 'The regions of all requests: `docs/adr/0055-regions-by-subset-construction.md`.',
  KFD0250: 'Inclusion of regular languages; Istio’s own analysis has the simplest case for routes (IST0130).',
  KFD0252:
    'Envoy’s filter chain matches; reported as [istio/istio#13717](https://github.com/istio/istio/issues/13717) and [istio/istio#17079](https://github.com/istio/istio/issues/17079).',
  KFD0298: 'kfdoor’s own comments.',
}

/** What a rule speaks of where no YAML can show it. */
export const pictured: Readonly<Record<string, { readonly bad: string; readonly good: string }>> = {
  KFD0249: {
    bad: 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: admins, namespace: istio-system}\nspec:\n  selector: {matchLabels: {istio: ingressgateway}}\n  rules: [{to: [{operation: {paths: [/admin/users], notPaths: ["/admin*"]}}]}]',
    good: 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: admins, namespace: istio-system}\nspec:\n  selector: {matchLabels: {istio: ingressgateway}}\n  rules: [{to: [{operation: {paths: [/admin/users]}}]}]',
  },
  KFD0250: {
    bad: 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: models, namespace: istio-system}\nspec:\n  selector: {matchLabels: {istio: ingressgateway}}\n  rules:\n  - to: [{operation: {paths: [/serving/*]}}]\n  - from: [{source: {requestPrincipals: ["*"]}}]\n    to: [{operation: {paths: [/serving/team-a/*]}}]',
    good: 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: models, namespace: istio-system}\nspec:\n  selector: {matchLabels: {istio: ingressgateway}}\n  rules:\n  - to: [{operation: {paths: [/serving/*], notPaths: [/serving/team-a/*]}}]\n  - from: [{source: {requestPrincipals: ["*"]}}]\n    to: [{operation: {paths: [/serving/team-a/*]}}]',
  },
  KFD0221: {
    bad: 'apiVersion: v1\nkind: Secret\nmetadata: {name: door-tls, namespace: istio-system}\ntype: kubernetes.io/tls\ndata:\n  tls.crt: …  # ended yesterday, or for other names, or without the CA between\n  tls.key: …',
    good: 'apiVersion: v1\nkind: Secret\nmetadata: {name: door-tls, namespace: istio-system}\ntype: kubernetes.io/tls\ndata:\n  tls.crt: …  # good for a while, for the Gateway’s hosts, with its chain: `kfdoor ca sign`\n  tls.key: …',
  },
}
