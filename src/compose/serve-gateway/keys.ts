import type { Mesh } from '../../mesh/index.ts'
import { discoveryOf, fetchKeys, jwksUriIn } from '../jwks.ts'
import type { Upstreams } from './upstreams.ts'

/** What JWKS URIs and discovery documents serve. */
export interface FetchedKeys {
  text(uri: string): string | undefined
  /** Asks again; resolves whether anything changed. */
  refresh(mesh: Mesh): Promise<boolean>
  /** URIs that could not be fetched the last time. */
  readonly missing: readonly string[]
}

/**
 * Keys from a file, else fetched as istiod does: the rule's `jwksUri`, or what the issuer's discovery
 * document names. A host of the mesh is asked where `--upstream` says it is. What was fetched once is
 * kept while its place does not answer.
 */
export function fetchedKeys(given: Readonly<Record<string, unknown>>, upstreams: Upstreams): FetchedKeys {
  const fetched = new Map<string, string>()
  let missing: readonly string[] = []
  const known = (uri: string): string | undefined => {
    const value = Object.hasOwn(given, uri) ? given[uri] : undefined
    return value === undefined || typeof value === 'string' ? value : JSON.stringify(value)
  }
  // Somebody who names every source wants none fetched from anywhere else.
  const closed = Object.keys(given).length > 0
  return {
    text: (uri) => known(uri) ?? fetched.get(uri),
    get missing() {
      return missing
    },
    async refresh(mesh) {
      let changed = false
      const lost: string[] = []
      const follow = new Set(
        mesh.requestAuthentications
          .flatMap(({ jwtRules }) => jwtRules)
          .filter((rule) => rule.jwks === undefined)
          .map((rule) => rule.jwksUri?.value ?? discoveryOf(rule.issuer.value)),
      )
      const ask = async (uri: string): Promise<void> => {
        const text = known(uri) ?? (closed ? undefined : await fetchKeys(placed(uri, upstreams)))
        if (text === undefined) {
          if (!fetched.has(uri)) lost.push(uri)
          return
        }
        if (fetched.get(uri) !== text) changed = true
        fetched.set(uri, text)
        const next = jwksUriIn(text)
        if (next !== undefined && !follow.has(next)) await ask(next)
      }
      await Promise.all([...follow].map(ask))
      missing = lost
      return changed
    },
  }
}

/** The same path at the real server behind a mesh name. */
function placed(uri: string, upstreams: Upstreams): string {
  if (!URL.canParse(uri)) return uri
  const { protocol, hostname, port, pathname, search } = new URL(uri)
  const number = Number(port) || (protocol === 'https:' ? 443 : 80)
  const real = upstreams.named(hostname, number)
  return real === undefined ? uri : new URL(pathname + search, real).href
}
