/** What is written on the boxes: Envoy's and Istio's own words, in every language. */
export const phaseNames: Readonly<Record<string, string>> = {
  listener: 'listener',
  tls: 'TLS',
  custom: 'CUSTOM',
  jwt: 'JWT',
  deny: 'DENY',
  allow: 'ALLOW',
  route: 'route',
  rewrite: 'rewrite',
  'next-hop': 'next hop',
  sidecar: 'sidecar',
  application: 'application',
}
