import { readFileSync } from 'node:fs'
import type { Clock } from '../../base/index.ts'
import { createKeySource, type KeySource } from '../../identity/index.ts'
import type { Outside } from './outside.ts'
import type { IssuerSettings } from './settings.ts'

/** Names that stay inside the mesh, and loopback, may be asked over plain http. */
export function mayBePlain({ hostname }: URL): boolean {
  return (
    /\.svc(\.[a-z0-9.-]+)?$/.test(hostname) ||
    !hostname.includes('.') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  )
}

function sound(text: string, said: string): URL {
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePlain(url)))
    throw new Error(`${said} would be asked over ${url.protocol.slice(0, -1)}`)
  return url
}

/**
 * The keys of an issuer, from where its settings say, or else from where its discovery document says
 * (OpenID Connect Discovery §4). What a document says leads to https or to its own host only: it must
 * not make this service call whatever stands beside it.
 */
export function issuerKeys(
  settings: Pick<IssuerSettings, 'issuer' | 'jwksUri' | 'jwksFile'>,
  outside: Pick<Outside, 'text'>,
  clock: Clock,
  refreshed: (outcome: 'same' | 'changed' | 'failed') => void,
): KeySource {
  const { issuer, jwksUri, jwksFile } = settings
  const discovered = async (): Promise<string> => {
    const at = sound(issuer, 'its discovery document')
    const document = await outside.text(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const found = JSON.parse(document) as { issuer?: unknown; jwks_uri?: unknown }
    // OpenID Connect Discovery §4.3: to the letter.
    if (found.issuer !== issuer) throw new Error('its discovery document is of another issuer')
    if (typeof found.jwks_uri !== 'string') throw new Error('its discovery document names no `jwks_uri`')
    const url = sound(found.jwks_uri, 'its keys')
    if (url.host !== at.host && (url.protocol !== 'https:' || mayBePlain(url)))
      throw new Error('its discovery document leads to another host inside')
    return url.href
  }
  return createKeySource({
    clock,
    refreshed,
    fetch: async () => {
      if (jwksFile !== undefined) return readFileSync(jwksFile, 'utf8')
      return outside.text(jwksUri === undefined ? await discovered() : sound(jwksUri, 'its keys').href)
    },
  })
}
