import type { HttpMatch, HttpRoute, StringMatch } from '../mesh/index.ts'

/**
 * A root VirtualService's route joined with those it delegates to. A delegate's route that asks for
 * something the root's match excludes is left out. Agrees with Istio `pilot/pkg/model/
 * virtualservice.go`, MergeHTTPRoutes.
 */
export function mergeDelegate(root: HttpRoute, delegate: HttpRoute): HttpRoute | undefined {
  const match = mergeMatches(root.match ?? [], delegate.match ?? [])
  if (match === undefined) return undefined
  return {
    ...delegate,
    match: match.length === 0 ? undefined : match,
    name: joinNames(root.name, delegate.name),
    rewrite: delegate.rewrite ?? root.rewrite,
    directResponse: delegate.directResponse ?? root.directResponse,
    timeoutMs: delegate.timeoutMs ?? root.timeoutMs,
    retries: delegate.retries ?? root.retries,
    fault: delegate.fault ?? root.fault,
    mirrors: delegate.mirrors.length > 0 ? delegate.mirrors : root.mirrors,
    corsPolicy: delegate.corsPolicy ?? root.corsPolicy,
    headers: delegate.headers ?? root.headers,
  }
}

function joinNames(root: string | undefined, own: string | undefined): string | undefined {
  if (own === undefined || own === '') return root
  return root === undefined || root === '' ? own : `${root}-${own}`
}

function mergeMatches(
  roots: readonly HttpMatch[],
  leaves: readonly HttpMatch[],
): readonly HttpMatch[] | undefined {
  if (roots.length === 0) return leaves
  if (leaves.length === 0) return roots
  const merged: HttpMatch[] = []
  for (const leaf of leaves) {
    const fitting = roots.filter((root) => !conflicts(root, leaf))
    if (fitting.length === 0) return undefined
    for (const root of fitting) merged.push(mergeMatch(root, leaf))
  }
  return merged
}

function mergeMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  return {
    ...leaf,
    name: joinNames(root.name, leaf.name),
    uri: leaf.uri ?? root.uri,
    scheme: leaf.scheme ?? root.scheme,
    method: leaf.method ?? root.method,
    authority: leaf.authority ?? root.authority,
    headers: { ...root.headers, ...leaf.headers },
    withoutHeaders: { ...root.withoutHeaders, ...leaf.withoutHeaders },
    queryParams: { ...root.queryParams, ...leaf.queryParams },
    port: leaf.port || root.port,
    sourceLabels: { ...root.sourceLabels, ...leaf.sourceLabels },
    sourceNamespace: leaf.sourceNamespace || root.sourceNamespace,
    gateways: leaf.gateways !== undefined && leaf.gateways.length > 0 ? leaf.gateways : root.gateways,
  }
}

function conflicts(root: HttpMatch, leaf: HttpMatch): boolean {
  const pairs: readonly (readonly [StringMatch | undefined, StringMatch | undefined])[] = [
    [root.uri, leaf.uri],
    [root.scheme, leaf.scheme],
    [root.method, leaf.method],
    [root.authority, leaf.authority],
    ...bothOf(root.headers, leaf.headers),
    ...bothOf(root.withoutHeaders, leaf.withoutHeaders),
    ...bothOf(root.queryParams, leaf.queryParams),
  ]
  if (pairs.some(([above, below]) => stringsConflict(above, below))) return true
  if (root.ignoreUriCase !== leaf.ignoreUriCase) return true
  if (root.port && leaf.port && root.port !== leaf.port) return true
  if (root.sourceNamespace && leaf.sourceNamespace !== root.sourceNamespace) return true
  for (const [key, value] of Object.entries(leaf.sourceLabels)) {
    const above = root.sourceLabels[key]
    if (above !== undefined && above !== value) return true
  }
  const [above, below] = [root.gateways ?? [], leaf.gateways ?? []]
  if (above.length > 0 && below.length > 0) {
    if (above.length < below.length) return true
    return below.some((gateway) => !above.some((other) => other.value === gateway.value))
  }
  return false
}

function bothOf(
  root: Readonly<Record<string, StringMatch>>,
  leaf: Readonly<Record<string, StringMatch>>,
): readonly (readonly [StringMatch | undefined, StringMatch])[] {
  return Object.entries(leaf).map(([key, match]) => [root[key], match])
}

/** Whether `leaf` may take something `root` does not. Expressions are never compared: they conflict. */
function stringsConflict(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (root === undefined || leaf === undefined) return false
  const written = (match: StringMatch, kind: StringMatch['kind']) => match.kind === kind && match.text !== ''
  const any = (match: StringMatch) => match.kind !== 'none' && match.text !== ''
  if ((written(root, 'regex') && any(leaf)) || (written(leaf, 'regex') && any(root))) return true
  if (written(root, 'exact')) return leaf.kind !== 'exact' || leaf.text !== root.text
  if (written(root, 'prefix') && (written(leaf, 'prefix') || written(leaf, 'exact'))) {
    return !leaf.text.startsWith(root.text)
  }
  return true
}
