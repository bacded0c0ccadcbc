/**
 * The engine with one thing turned round: a matcher's answer, a default, an order. Each has to disagree
 * with some recorded decision; one that does not would be a mistake nobody could see.
 */
export interface Mutant {
  readonly name: string
  /** Below `src/`. */
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
  /** Families in which it is looked for first; it may be found in any. */
  readonly families: readonly string[]
}

type Row = readonly [name: string, file: string, from: string, to: string, ...families: string[]]

const ap = ['authorization-policy', 'fuzz-ap']
const jwt = ['request-authentication', 'fuzz-jwt']
const vs = ['virtual-service', 'fuzz-vs']
const gw = ['gateway', 'gateway-binding', 'fuzz-gw']
const xa = ['ext-authz', 'fuzz-xa']

/** A field of a rule that is left out, with its `not` twin. */
const fields: readonly Row[] = [
  'principals', 'requestPrincipals', 'serviceAccounts', 'trustDomains', 'namespaces', 'remoteIpBlocks', 'ipBlocks',
  'hosts', 'methods', 'paths', 'ports',
].flatMap((field): Row[] => {
  const owner = ['hosts', 'methods', 'paths', 'ports'].includes(field) ? 'operation' : 'source'
  const twin = `not${field[0]?.toUpperCase()}${field.slice(1)}`
  const families = [...ap, 'fuzz-peer', 'sidecar']
  return [
    [`${field} is not looked at`, 'policy/rule.ts', `${owner}.${field},`, 'undefined,', ...families],
    [`${twin} is not looked at`, 'policy/rule.ts', `${owner}.${twin},`, 'undefined,', ...families],
  ]
}) // biome-ignore format: a list

/** A kind of condition that always holds. */
const conditions: readonly Row[] = [
  ['destination.ip', 'destinationIpValue'],
  ['destination.port', 'portValue'],
  ['connection.sni', 'sniValue'],
  ['source.ip', 'sourceIpValue'],
  ['remote.ip', 'remoteIpValue'],
  ['source.namespace', 'namespaceValue'],
].map(
  ([key, value]): Row => [
    `when ${key} always holds`,
    'policy/condition.ts',
    `{ translate: ${value}, whole: false }`,
    '{ translate: () => ({ test: () => true }), whole: false }',
    ...ap,
    'sidecar',
    'fuzz-peer',
  ],
)

const rows: readonly Row[] = [
  ...fields,
  ...conditions,
  ['a value is a prefix where it is exact', 'policy/value-pattern.ts', 'return value === pattern.text', 'return value.startsWith(pattern.text)', ...ap],
  ['a prefix is exact', 'policy/value-pattern.ts', 'return value.startsWith(pattern.text)', 'return value === pattern.text', ...ap],
  ['a suffix is exact', 'policy/value-pattern.ts', 'return value.endsWith(pattern.text)', 'return value === pattern.text', ...ap],
  ['a lone star takes nothing too', 'policy/value-pattern.ts', "return value !== '' && !value.includes('\\n')", 'return true', ...ap],
  ['hosts in a policy care for case', 'policy/operation-values.ts', 'parseValuePattern(lowerCase(value))', 'parseValuePattern(value)', ...ap],
  ['{*} takes slashes', 'policy/path-template.ts', 'code === 47 ? !slashes', 'code === 47 ? false', ...ap],
  ['{*} takes no text', 'policy/path-template.ts', 'part === anyText ? offset : offset + 1', 'offset', ...ap],
  ['an address range is one bit wider', 'policy/cidr.ts', 'BigInt(cidr.bits - cidr.prefix)', 'BigInt(cidr.bits - cidr.prefix + 1)', ...ap],
  ['repeated headers are not tried one by one', 'policy/attributes.ts', 'if (header[0] === name && test(header[1])) return true', 'if (header[0] === name) return test(header[1])', ...ap, ...vs],
  ['claims are looked for at the top only', 'policy/attributes.ts', 'for (const key of keys) {', 'for (const key of keys.slice(0, 1)) {', ...ap, ...jwt],
  ['lists of claims never match', 'policy/attributes.ts', 'if (!Array.isArray(value)) return false', 'return false', ...jwt, ...ap],
  ['issuer and subject part at the first slash', 'policy/token-values.ts', "value.lastIndexOf('/')", "value.indexOf('/')", ...jwt, ...ap],
  ['a bad value spoils DENY rules too', 'policy/rule.ts', "(policy.action?.value ?? 'ALLOW') === 'ALLOW'", 'true', 'policy-actions'],
  ['a bad value spoils no rule', 'policy/rule.ts', 'if (bad.length > 0 && (policy', 'if (bad.length < 0 && (policy', 'policy-actions'],
  ['one of from and to is enough', 'policy/rule.ts', 'someEntry(rule.from, attributes) && someEntry(rule.to', 'someEntry(rule.from, attributes) || someEntry(rule.to', ...ap],
  ['aliases of the trust domain are not known', 'policy/trust-domain.ts', 'return [mesh.trustDomain, ...mesh.trustDomainAliases]', 'return [mesh.trustDomain]', 'sidecar', 'fuzz-peer', ...ap],
  ['cluster.local means nothing special', 'policy/trust-domain.ts', "own !== 'cluster.local' && ", '', 'sidecar', 'fuzz-peer'],
  ['selectors are not looked at', 'policy/attach.ts', 'if (policy.targetRefs.length === 0) return labelsInclude(target.labels, policy.selector)', 'if (policy.targetRefs.length === 0) return true', ...ap, 'sidecar'],
  ['other namespaces’ policies apply', 'policy/attach.ts', 'policy.namespace !== target.namespace && policy.namespace !== target.rootNamespace', 'false', ...ap, 'sidecar'],
  ['targetRefs are not looked at', 'policy/attach.ts', 'return policy.targetRefs.some(', 'return !policy.targetRefs.some(', 'gateway-api'],
  ['DENY lets pass', 'policy/rbac-filter.ts', 'return denyMatched', 'return undefined', ...ap],
  ['ALLOW refuses nobody', 'policy/rbac-filter.ts', 'return noAllowMatched', 'return undefined', ...ap],
  ['dry runs are enforced', 'policy/rbac-filter.ts', 'policies.filter((policy) => !isDryRun(policy))', 'policies', ...ap, 'policy-actions'],
  ['a second provider does no harm', 'policy/custom-filter.ts', 'if (names.length > 1) {', 'if (names.length > 99) {', ...xa, 'ext-authz-grpc'],
  ['providers are asked without a route', 'policy/custom-filter.ts', 'if (!flow.call.routed) {', 'if (flow.call.routed === undefined) {', 'kubeflow-doors', 'fuzz-mix', ...xa],
  ['only 200 and 204 of a provider let pass', 'policy/ext-authz-http.ts', 'if (answer.status !== 200) {', 'if (answer.status !== 200 && answer.status !== 204) {', ...xa],
  ['a provider’s headers are not taken over', 'policy/ext-authz-http.ts', 'if (matchesName(provider.upstreamOnAllow, name)) {', 'if (false) {', ...xa],
  ['every header of a refusal is relayed', 'policy/ext-authz-http.ts', "return name === 'www-authenticate' || name === 'location' ||", "return name !== '' ||", ...xa],
  ['a large body is cut off', 'policy/ext-authz-http.ts', "if (partial && !allowPartial) return 'too-large'", '', ...xa, 'ext-authz-grpc'],
  ['a failing provider lets pass', 'policy/ext-authz-http.ts', 'return provider.failOpen ? undefined :', 'return !provider.failOpen ? undefined :', ...xa, 'ext-authz-grpc'],
  ['gRPC refusals have no status of their own', 'policy/ext-authz-grpc.ts', 'refusal?.status || 403', '403', 'ext-authz-grpc'],
  ['the issuer of a token is not looked at', 'policy/jwt-rule.ts', "provider.issuer !== '' && token.issuer !== provider.issuer", 'false', ...jwt],
  ['tokens never expire', 'policy/jwt-rule.ts', 'token.expires !== 0 && input.now > token.expires + skew', 'false', ...jwt],
  ['tokens are never too early', 'policy/jwt-rule.ts', 'input.now + skew < token.notBefore', 'false', ...jwt],
  ['every audience is right', 'policy/jwt-rule.ts', 'if (!allowed) return', 'if (false) return', ...jwt],
  ['every signature is good', 'policy/jwt-rule.ts', 'if (input.verified(key.id, token.compact)) return undefined', 'return undefined', ...jwt],
  ['key ids are not looked at', 'policy/jwt-rule.ts', "token.kid !== '' && key.kid !== '' && key.kid !== token.kid", 'false', ...jwt],
  ['a missing token is refused', 'policy/jwt-rule.ts', "return failure === 'token-missing' ? undefined : failure", 'return failure', ...jwt],
  ['preflights are verified', 'policy/jwt-rule.ts', "return input.method === 'OPTIONS' &&", "return input.method === 'NONE' &&", ...jwt, 'fuzz-mix'],
  ['clients may send the headers a rule writes', 'policy/jwt-rule.ts', 'for (const provider of providers) this.#removeWritten(provider)', '', ...jwt, 'kubeflow-doors'],
  ['the token is always handed on', 'policy/jwt-rule.ts', 'if (!rule.forwardOriginalToken) {', 'if (rule.forwardOriginalToken === undefined) {', ...jwt],
  ['scope is not split', 'policy/jwt-provider.ts', "'permission', 'scope'", "'permission'", ...jwt, ...ap],
  ['audiences keep their scheme', 'policy/jwt-provider.ts', "audience.replace(/^https?:\\/\\//, '')", 'audience', ...jwt],
  ['the prefix of a token cares for nothing', 'policy/jwt-filter.ts', "failure === 'audience-not-allowed' ? 403 : 401", '401', ...jwt],
  ['dots are not resolved', 'policy/path-normalization.ts', "default:\n      return { normalize: true", "default:\n      return { normalize: false", 'path-normalization', 'kubeflow-doors'],
  ['NONE normalizes', 'policy/path-normalization.ts', "return { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' }", "return { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' }", 'path-normalization'],
  ['slashes are not merged', 'policy/path-normalization.ts', "return { normalize: true, mergeSlashes: true, escapedSlashes: 'keep' }", "return { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' }", 'path-normalization'],
  ['escaped slashes are kept', 'policy/path-normalization.ts', "return { normalize: true, mergeSlashes: true, escapedSlashes: 'unescape' }", "return { normalize: true, mergeSlashes: true, escapedSlashes: 'keep' }", 'path-normalization'],
  ['unreserved characters stay escaped', 'policy/path-normalization.ts', 'decodable[value] === decode ?', 'decodable[value] === 99 ?', 'path-normalization'],
  ['the client is always the TCP peer', 'policy/request-head.ts', 'const remoteIp = client ?? sent.sourceIp', 'const remoteIp = sent.sourceIp', 'sidecar', ...ap, 'fuzz-peer'],
  ['a fragment is taken', 'policy/request-head.ts', "if (target.path.includes('#'))", "if (target.path.includes('#!'))", 'path-normalization', ...ap],
  ['hop-by-hop headers go on', 'policy/request-head.ts', 'return hopByHop ? withoutHopByHop(headers, connection) : headers', 'return headers', 'gateway'],
  ['a specific host does not hide `*`', 'policy/route-table.ts', 'if (exact !== undefined) return exact', 'if (exact !== undefined && exact.routes.length > 1) return exact', ...vs, 'gateway-binding'],
  ['short endings win', 'policy/route-table.ts', 'b[0].length - a[0].length', 'a[0].length - b[0].length', 'gateway-binding', ...vs, ...gw],
  ['catch-all routes stay where they are', 'policy/route-table.ts', '[...draft.routes.filter((route) => !isCatchAll(route)), ...draft.routes.filter(isCatchAll)]', 'draft.routes', ...vs],
  ['plain requests are not sent to https', 'policy/route-table.ts', "by !== undefined && forwardedProto !== 'https'", 'by === null', ...gw],
  ['the port of Host counts', 'policy/route-table.ts', 'lowerCase(withoutPort(authority))', 'lowerCase(authority)', ...gw, ...vs],
  ['exact paths are prefixes', 'policy/route-match.ts', ': path === text', ': path.startsWith(text)', ...vs],
  ['prefixes are exact paths', 'policy/route-match.ts', ': path.startsWith(text)', ': path === text', ...vs],
  ['ignoreUriCase is not looked at', 'policy/route-match.ts', 'match?.ignoreUriCase ?? false', 'false', ...vs],
  ['Gateway API prefixes are plain prefixes', 'policy/route-match.ts', 'path.length === text.length || path.charCodeAt(text.length) === 47', 'true', 'gateway-api'],
  ['expressions match a part', 'policy/regular-expression.ts', 'compile(pattern)?.matches(text)', 'compile(pattern)?.matcher(text).find()', ...vs],
  ['method of a route is not looked at', 'policy/route-match.ts', "if (match.method !== undefined) tests", "if (false && match.method !== undefined) tests", ...vs],
  ['authority of a route is not looked at', 'policy/route-match.ts', 'if (match.authority !== undefined) tests', 'if (false && match.authority !== undefined) tests', ...vs],
  ['scheme of a route is not looked at', 'policy/route-match.ts', 'if (match.scheme !== undefined) tests', 'if (false && match.scheme !== undefined) tests', ...vs],
  ['queryParams are not looked at', 'policy/route-match.ts', 'Object.entries(match.queryParams)', 'Object.entries({} as typeof match.queryParams)', ...vs],
  ['headers of a route are not looked at', 'policy/route-match.ts', 'Object.entries(match.headers)', 'Object.entries({} as typeof match.headers)', ...vs],
  ['withoutHeaders are not looked at', 'policy/route-match.ts', 'Object.entries(match.withoutHeaders)', 'Object.entries({} as typeof match.withoutHeaders)', ...vs],
  ['port of a match is not looked at', 'policy/compile-route.ts', 'if (match.port && match.port !== context.port) return false', '', ...vs, ...gw],
  ['gateways of a match are not looked at', 'policy/compile-route.ts', 'match.gateways.some((gateway) => gateway.value === context.gateway)', 'true', ...vs, ...gw],
  ['routes after a catch-all are kept', 'policy/compile-route.ts', 'if (isCatchAll(route)) return routes', '', ...vs, 'fuzz-mix'],
  ['the prefix of a rewrite takes the whole path', 'policy/rewrite.ts', "match.kind === 'regex' ? end : match.text.length", 'end', ...vs],
  ['rewrites take the query too', 'policy/rewrite.ts', 'substitute(rewrite.match, rewrite.to, bare) + query', 'substitute(rewrite.match, rewrite.to, bare)', ...vs],
  ['exportTo is not looked at', 'policy/listener.ts', 'exportTo === undefined || exportTo.includes(namespace)', 'true', ...gw, ...vs],
  ['SNI is not looked at', 'policy/accept.ts', 'chains.find((chain) => chain.serverNames?.includes(own))', 'chains[0]', ...gw],
  ['clients need no certificate', 'policy/accept.ts', 'if (!asksForPeer(chain)) return undefined', 'return undefined', ...gw, 'authorization-policy', 'fuzz-peer'],
  ['selectors of Gateways are not looked at', 'policy/gateway-selection.ts', 'labelsInclude(labels, gateway.selector)', 'true', ...gw, 'kubeflow-doors'],
  ['ports are not translated', 'policy/gateway-servers.ts', 'if (bySelector) return [target.targetPort]', 'if (bySelector) return [port]', ...gw],
  ['servers of one port do not conflict', 'policy/gateway-servers.ts', "return skip('duplicate-tls-host')", 'void 0', ...gw],
  ['the only port of a service is not taken', 'policy/destinations.ts', 'service.ports.length === 1', 'service.ports.length === 99', ...vs, ...gw],
  ['faults never happen', 'policy/fault-injection.ts', 'percent >= 100 ||', 'false &&', ...vs, 'fuzz-mix'],
  ['CORS takes every origin', 'policy/cors.ts', "matches('*') || matches(origin)", 'true', ...vs],
  ['header operations add before they set', 'policy/header-changes.ts', 'const [sets, adds] = [format(set), format(add)]', 'const [adds, sets] = [format(set), format(add)]', ...vs],
  ['redirects are all 301', 'policy/compile-route.ts', 'redirect?.redirectCode || 301', '301', ...vs],
  ['delegates ignore conflicts', 'policy/delegate.ts', 'const fitting = roots.filter((root) => !conflicts(root, leaf))', 'const fitting = roots', ...vs],
  ['the youngest PeerAuthentication counts', 'policy/peer-authentication.ts', '[...mesh.peerAuthentications].sort(byAge)', '[...mesh.peerAuthentications].sort(byAge).reverse()', 'sidecar'],
  ['port levels of mTLS are not looked at', 'policy/peer-authentication.ts', 'return modes.ports.get(port) ?? modes.mode', 'return modes.mode', 'sidecar'],
  ['STRICT takes plain text', 'policy/inbound-chain.ts', "if (mode === 'STRICT') {", "if (mode === ('NONE' as string)) {", 'sidecar'],
  ['any certificate is the mesh’s', 'policy/inbound-chain.ts', 'if (!peer.trusted) return', 'if (false) return', 'sidecar'],
  ['other trust domains are let in', 'policy/inbound-chain.ts', "return known ? undefined : 'trust-domain-unknown'", 'return undefined', 'sidecar'],
  ['every port speaks HTTP', 'policy/inbound-port.ts', "if (tcp.includes(name) || wellKnownTcp.includes(port.port)) return 'tcp'", '', 'sidecar'],
  ['old filter names live on', 'policy/envoy-filter.ts', 'return found !== null && Number(found[1]) < 19', 'return true', 'kubeflow-doors', 'sidecar'],
  ['reference grants are not asked for', 'policy/gateway-api/backend.ts', 'if (!backends.granted(from, { group, kind, namespace, name })) return nowhere', '', 'gateway-api'],
  ['the default of a Gateway API redirect is 301', 'policy/gateway-api/filter.ts', "number(child(filter, 'statusCode')) ?? 302", "number(child(filter, 'statusCode')) ?? 301", 'gateway-api'],
  ['routes attach from every namespace', 'policy/gateway-api/gateway.ts', "if (from === 'Same') return [own]", "if (from === 'Same') return ['*']", 'gateway-api'],
] // biome-ignore format: a table

export const mutants: readonly Mutant[] = rows.map(([name, file, from, to, ...families]) => ({
  name,
  file,
  from,
  to,
  families,
}))
