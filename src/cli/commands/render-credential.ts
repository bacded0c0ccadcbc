import { Fault } from '../../base/index.ts'
import type { Credential } from '../../compose/handed-out.ts'

export type Format = 'token' | 'header' | 'cookie' | 'cookie-jar' | 'json' | 'exec-credential'

/** A credential as other programs take it. `header` is one whole header line for `curl -H`. */
export function renderCredential(credential: Credential, format: Format | undefined): string {
  if (format === 'json') return JSON.stringify(credential)
  if (credential.kind === 'none') {
    throw new Fault('ERR_USAGE', {
      message: 'the door is open: it wants no credential',
      next: 'call it without one',
    })
  }
  if (format === 'exec-credential') return execCredential(credential)
  if (credential.kind === 'token') {
    if (format === 'cookie' || format === 'cookie-jar') {
      throw new Fault('ERR_USAGE', {
        message: 'the credential is a token, not a cookie',
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

/** `client.authentication.k8s.io/v1`, as a kubeconfig's exec plugin prints it. */
function execCredential(credential: Exclude<Credential, { kind: 'none' }>): string {
  if (credential.kind !== 'token') {
    throw new Fault('ERR_USAGE', {
      message: 'Kubernetes takes a token, and this is a session cookie',
      next: 'sign in with `--device`, `--browser --client-id ID`, or `--service-account`',
    })
  }
  const { token, expiresAt } = credential
  return JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token, ...(expiresAt ? { expirationTimestamp: expiresAt } : {}) },
  })
}

/** The file `curl -b FILE` reads: https://curl.se/docs/http-cookies.html. */
function netscapeJar(credential: Extract<Credential, { kind: 'session' }>): string {
  const url = new URL(credential.url)
  // 0 = until curl ends.
  const expires = credential.expiresAt ? Math.floor(Date.parse(credential.expiresAt) / 1000) : 0
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
