import { Fault } from '../../base/index.ts'
import type { Credential } from '../../compose/mint.ts'

type Format = 'token' | 'header' | 'cookie' | 'cookie-jar' | 'json'

/** A credential as other programs take it. `header` is one whole header line for `curl -H`. */
export function renderCredential(credential: Credential, format: Format | undefined): string {
  if (format === 'json') return JSON.stringify(credential)
  if (credential.kind === 'token') {
    if (format === 'cookie' || format === 'cookie-jar') {
      throw new Fault('ERR_USAGE', {
        message: 'a service account has a token, not a cookie',
        next: 'use `-o header`',
      })
    }
    return format === 'header' ? `Authorization: Bearer ${credential.token}` : credential.token
  }
  const pairs = credential.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  switch (format) {
    case 'header':
      return `Cookie: ${pairs}`
    case 'cookie-jar':
      return netscapeJar(credential)
    default:
      return pairs
  }
}

/** The file `curl -b FILE` reads: https://curl.se/docs/http-cookies.html. */
function netscapeJar(credential: Extract<Credential, { kind: 'session' }>): string {
  const url = new URL(credential.url)
  const expires = Math.floor(Date.parse(credential.expiresAt) / 1000)
  return [
    '# Netscape HTTP Cookie File',
    ...credential.cookies.map(({ name, value }) =>
      [
        `#HttpOnly_${url.hostname}`,
        'FALSE',
        '/',
        url.protocol === 'https:' ? 'TRUE' : 'FALSE',
        expires,
        name,
        value,
      ].join('\t'),
    ),
  ].join('\n')
}
