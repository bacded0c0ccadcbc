import type { Mesh } from '../mesh/index.ts'

/** What a JWKS URI or a discovery document serves, as far as it is known. */
export interface KeySources {
  /** The text behind a URI; undefined = it could not be fetched. */
  text(uri: string): string | undefined
  /** Asks again for everything that is fetched from outside. Resolves whether anything changed. */
  refresh(): Promise<boolean>
}

export interface LocalKeys {
  /** `iss` of Dex's face, and its keys. */
  readonly dex: { readonly issuer: string; readonly jwks: () => object }
  /** The service-account issuer's keys, whatever proxy or host a rule names for them. */
  readonly serviceAccounts: { readonly issuers: readonly string[]; readonly jwks: () => object }
}

/** Where an issuer says where its keys are (OpenID Connect Discovery §4). */
export function discoveryOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

const largest = 1024 * 1024
const patienceMs = 5000

/**
 * Keys of the issuers this mesh names. Those that run here are answered from memory, under every
 * address a release uses for them; the rest are fetched, politely and bounded. There is no fallback
 * key: what cannot be fetched verifies nothing (CVE-2026-31837).
 */
export function keySources(mesh: Mesh, local: LocalKeys, ask: typeof fetch = fetch): KeySources {
  const fetched = new Map<string, string>()
  const here = (uri: string): string | undefined => {
    const dexKeys = `${local.dex.issuer}/keys`
    if (uri === discoveryOf(local.dex.issuer))
      return JSON.stringify({ issuer: local.dex.issuer, jwks_uri: dexKeys })
    if (uri === dexKeys) return JSON.stringify(local.dex.jwks())
    for (const issuer of local.serviceAccounts.issuers) {
      if (uri === discoveryOf(issuer)) return JSON.stringify({ issuer, jwks_uri: `${issuer}/openid/v1/jwks` })
    }
    // cluster-jwks-proxy and the API server both serve this path; in a mesh nothing else does.
    if (URL.canParse(uri) && new URL(uri).pathname === '/openid/v1/jwks' && isInCluster(uri)) {
      return JSON.stringify(local.serviceAccounts.jwks())
    }
    return undefined
  }
  const outside = (): string[] =>
    mesh.requestAuthentications
      .flatMap((one) => one.jwtRules)
      .filter((rule) => rule.jwks === undefined)
      .map((rule) => rule.jwksUri?.value ?? discoveryOf(rule.issuer.value))
      .filter((uri) => here(uri) === undefined && isFetchable(uri))

  return {
    text: (uri) => here(uri) ?? fetched.get(uri),
    refresh: async () => {
      let changed = false
      const follow = new Set(outside())
      for (const uri of follow) {
        const text = await fetchKeys(uri, ask)
        if (text === undefined) continue
        if (fetched.get(uri) !== text) changed = true
        fetched.set(uri, text)
        const next = jwksUriIn(text)
        if (next !== undefined && isFetchable(next)) follow.add(next)
      }
      return changed
    },
  }
}

function isInCluster(uri: string): boolean {
  const { hostname } = new URL(uri)
  return (
    hostname.endsWith('.svc.cluster.local') || hostname.endsWith('.svc') || hostname === 'kubernetes.default'
  )
}

/** Only HTTPS to a named host: an address from YAML must not make us call the machine's own network. */
function isFetchable(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return (
    protocol === 'https:' && hostname.includes('.') && !/^[\d.:[\]]+$/.test(hostname) && !isInCluster(uri)
  )
}

/** The text behind a URI; undefined = there was none to be had in time, or too much of it. */
export async function fetchKeys(uri: string, ask: typeof fetch = fetch): Promise<string | undefined> {
  try {
    const response = await ask(uri, { redirect: 'error', signal: AbortSignal.timeout(patienceMs) })
    if (!response.ok || !response.body) return undefined
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of response.body) {
      size += part.byteLength
      if (size > largest) return undefined
      parts.push(part)
    }
    return Buffer.concat(parts).toString('utf8')
  } catch {
    return undefined
  }
}

/** Where a discovery document says the keys are. */
export function jwksUriIn(text: string): string | undefined {
  try {
    const { jwks_uri } = JSON.parse(text) as { jwks_uri?: unknown }
    return typeof jwks_uri === 'string' ? jwks_uri : undefined
  } catch {
    return undefined
  }
}
