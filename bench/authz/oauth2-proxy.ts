import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cached } from '../../e2e/parts/cache.ts'
import { freePort } from '../../e2e/parts/process.ts'
import { type Pinned, serverCore, startPinned } from '../http/pinned.ts'
import type { Server } from '../http/servers.ts'
import { type BenchIssuer, signIn } from './service.ts'

const MODULE = 'github.com/oauth2-proxy/oauth2-proxy/v7'
const VERSION = 'v7.15.6'

/** A real oauth2-proxy of that version: one that `go install` left behind, or one that is built now. @throws where Go cannot */
async function oauth2ProxyProgram(): Promise<string> {
  const go = (...args: readonly string[]) => execFileSync('go', args, { encoding: 'utf8' })
  const left = join(homedir(), 'go', 'bin', 'oauth2-proxy')
  try {
    if (new RegExp(`\\bmod\\s+${MODULE}\\s+${VERSION}\\b`).test(go('version', '-m', left))) return left
  } catch {
    // There is none, or no Go to ask about it.
  }
  const folder = await cached(`bench-oauth2-proxy-${VERSION}`, (place) => {
    execFileSync('go', ['install', `${MODULE}@${VERSION}`], {
      env: { ...process.env, GOBIN: place, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  })
  return join(folder, 'oauth2-proxy')
}

/**
 * oauth2-proxy as an authorizer with sessions in cookies, signed in at the same issuer, its log written
 * to a file as ours is. It answers checks at every path, for `static://200` stands where its upstream would.
 *
 * @throws where it cannot be had or nobody can sign in
 */
export async function startOAuth2Proxy(
  folder: string,
  issuer: BenchIssuer,
  keep: <T extends Pinned>(it: T) => T,
): Promise<Server> {
  const program = await oauth2ProxyProgram()
  const port = await freePort()
  const name = join(folder, `oauth2-proxy-${port}`)
  writeFileSync(
    `${name}.cfg`,
    `provider = "oidc"
oidc_issuer_url = "${issuer.url}"
client_id = "${issuer.client}"
client_secret = "bench-client-secret-that-nobody-publishes"
cookie_secret = "bench-cookie-secret-of-32-bytes."
cookie_secure = false
code_challenge_method = "S256"
email_domains = [ "*" ]
http_address = "127.0.0.1:${port}"
logging_filename = "${name}.log"
redirect_url = "http://localhost:${port}/oauth2/callback"
reverse_proxy = true
set_xauthrequest = true
skip_claims_from_profile_url = true
skip_provider_button = true
upstreams = [ "static://200" ]
`,
    { mode: 0o600 },
  )
  const process = keep(
    await startPinned(serverCore, program, [`--config=${name}.cfg`], {
      ready: async () => (await fetch(`http://127.0.0.1:${port}/ping`)).status === 200,
    }),
  )
  const url = `http://localhost:${port}/data`
  return { name: 'oauth2-proxy', url, headers: { cookie: await signIn({ url }, issuer) }, process }
}
