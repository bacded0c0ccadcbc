import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { freePort } from '../../e2e/parts/process.ts'
import { createFakeIssuer } from '../../src/sign-in/testing/fake-issuer.ts'
import { type Pinned, serverCore, startPinned } from '../http/pinned.ts'
import { kfdoorProgram } from '../kit/up.ts'

export interface BenchIssuer {
  readonly url: string
  readonly client: string
  /** A token of this issuer for this client. */
  token(claims: Readonly<Record<string, unknown>>): Promise<string>
  /** The callback a browser comes back with. */
  signIn(location: string): string
  close(): void
}

/** An OpenID provider in this process, which is asked only while somebody signs in. */
export async function startIssuer(): Promise<BenchIssuer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const issuer = await createFakeIssuer(Date.now, { issuer: url })
  const server = createServer((req, res) => {
    const parts: Buffer[] = []
    req
      .on('data', (part: Buffer) => parts.push(part))
      .on('end', async () => {
        const { method = 'GET', headers } = req
        const sent = method === 'POST' && { body: Buffer.concat(parts) }
        const answer = await issuer.fetch(`${url}${req.url}`, {
          method,
          headers: { 'content-type': headers['content-type'] ?? 'text/plain' },
          ...sent,
        })
        res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
      })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url,
    client: issuer.client,
    token: (claims) => issuer.sign({ sub: 'job', email: 'job@example.com', ...claims }),
    signIn: (location) => issuer.signIn(location),
    close: () => void server.close(),
  }
}

export interface Authz {
  readonly process: Pinned
  readonly port: number
  readonly grpcPort: number
  readonly url: string
}

/** How deploy/Dockerfile has Node run it. */
export const imageNode: readonly string[] = ['--min-semi-space-size=8', '--max-semi-space-size=8']

/** `kfdoor serve authz` on the server core, its log written to a file as in a cluster to a pipe. */
export async function startAuthz(
  folder: string,
  issuer: BenchIssuer,
  sessions: string,
  node = imageNode,
): Promise<Authz> {
  const [port, grpcPort, metrics] = [await freePort(), await freePort(), await freePort()]
  const name = join(folder, `authz-${port}`)
  writeFileSync(`${name}.secret`, 'bench-client-secret-that-nobody-publishes', { mode: 0o600 })
  writeFileSync(
    `${name}.yaml`,
    `apiVersion: kfdoor/v1alpha1
kind: AuthzService
listen: 127.0.0.1:${port}
grpcListen: 127.0.0.1:${grpcPort}
metricsListen: 127.0.0.1:${metrics}
scheme: http
signIn:
  issuer: ${issuer.url}
  clientId: ${issuer.client}
  clientSecretFile: ${name}.secret
machines:
  issuers:
  - issuer: ${issuer.url}
    jwksUri: ${issuer.url}/keys
    audiences: [${issuer.client}]
    userClaim: email
sessions: ${sessions}
auditLog: ${name}.log
`,
  )
  const process = await startPinned(
    serverCore,
    globalThis.process.execPath,
    [...node, kfdoorProgram, 'serve', 'authz', '--config', `${name}.yaml`, '-o', 'json'],
    { ready: async () => (await fetch(`http://127.0.0.1:${metrics}/readyz`)).status === 200 },
  )
  return { process, port, grpcPort, url: `http://localhost:${port}/data` }
}

/** Signs in as a browser does and returns the cookies a session has. @throws where that does not work. */
export async function signIn(authz: Pick<Authz, 'url'>, issuer: BenchIssuer): Promise<string> {
  const jar = new Map<string, string>()
  const visit = async (url: string) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    // Not `fetch`: it says of itself that it is a script.
    const asked = get(url, { headers: { accept: 'text/html', cookie } })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }
  const challenge = await visit(authz.url)
  const location = challenge.headers.location
  if (!location) throw new Error(`nobody is asked to sign in: ${challenge.statusCode}`)
  await visit(new URL(issuer.signIn(location), authz.url).href)
  const answer = await visit(authz.url)
  if (answer.statusCode !== 200) throw new Error(`signed in and still refused: ${answer.statusCode}`)
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
}
