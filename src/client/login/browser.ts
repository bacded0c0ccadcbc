import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault } from '../../base/index.ts'
import type { Agent } from '../http/agent.ts'
import { cut } from '../page/door-words.ts'
import { type PublicIssuer, postForm } from './issuer.ts'
import { type OAuthClient, refused, type TokenCredential, tokenCredential } from './token-set.ts'

export interface BrowserPorts {
  /** Shows the address to the person, and opens it where a browser can be opened. */
  readonly open: (url: string) => void
  readonly signal?: AbortSignal
  readonly connector?: string
}

const donePage = `<!doctype html><meta charset="utf-8"><title>Signed in</title>
<p>You are signed in. This page can be closed.</p>`
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/**
 * Authorization code with PKCE and a loopback redirect (RFC 8252 §7.3): for a public client of the issuer
 * that may be redirected to this machine. A random port listens on loopback until the one answer with our
 * `state` came.
 *
 * @throws Fault ERR_SIGN_IN_REFUSED with the issuer's words
 */
export async function browserLogin(
  agent: Agent,
  issuer: PublicIssuer,
  client: OAuthClient,
  { open, signal, connector }: BrowserPorts,
): Promise<TokenCredential> {
  const [verifier, state, nonce] = [0, 1, 2].map(() => randomBytes(32).toString('base64url')) as [
    string,
    string,
    string,
  ]
  const back = await listenForCode(state, signal)
  try {
    const url = new URL(issuer.authorization)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: client.id,
      redirect_uri: back.uri,
      scope: issuer.scope,
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(connector === undefined ? {} : { connector_id: connector }),
    }).toString()
    open(url.href)
    const code = await back.code
    const answer = await postForm(
      agent,
      issuer.token,
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: back.uri,
        code_verifier: verifier,
        client_id: client.id,
        client_secret: client.secret,
      },
      signal,
    )
    if (answer.status !== 200) throw refused(issuer.token, answer)
    return tokenCredential(answer, issuer, client)
  } finally {
    back.close()
  }
}

async function listenForCode(
  state: string,
  signal: AbortSignal | undefined,
): Promise<{ uri: string; code: Promise<string>; close(): void }> {
  const code = Promise.withResolvers<string>()
  // Whoever stops waiting for it does not leave a rejection nobody hears.
  code.promise.catch(() => {})
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    // Another page of this browser may guess the port, not the state.
    if (query.get('state') !== state) {
      response.writeHead(404, headers).end()
      return
    }
    const [found, error] = [query.get('code'), query.get('error')]
    if (found) {
      response.writeHead(200, headers).end(donePage)
      code.resolve(found)
    } else {
      const words = cut(query.get('error_description') ?? error ?? 'no code came back')
      response.writeHead(400, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(words)
      code.reject(new Fault('ERR_SIGN_IN_REFUSED', { door: 'the issuer', status: 400, words }))
    }
  })
  server.listen(0, '127.0.0.1')
  await new Promise<void>((done, failed) => server.once('listening', done).once('error', failed))
  signal?.addEventListener('abort', () => code.reject(signal.reason), { once: true })
  return {
    uri: `http://localhost:${(server.address() as AddressInfo).port}/callback`,
    code: code.promise,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
