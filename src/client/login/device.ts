import { createHash, randomBytes } from 'node:crypto'
import { Fault } from '../../base/index.ts'
import type { Agent } from '../http/agent.ts'
import { cut } from '../page/door-words.ts'
import { askingLess, type PublicIssuer, postForm } from './issuer.ts'
import { type OAuthClient, refused, type TokenCredential, tokenCredential } from './token-set.ts'

/** What a person is shown: open this address, compare this code. */
export interface DevicePrompt {
  readonly url: string
  readonly code: string
  /** Seconds. */
  readonly expiresIn: number
}

export interface DevicePorts {
  readonly show: (prompt: DevicePrompt) => void
  /** Rejects when aborted. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly signal?: AbortSignal
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/**
 * Device authorization (RFC 8628): the person signs in on another screen, with whatever the issuer asks
 * there, a second factor or a company's own page. With PKCE, for whoever overhears the code.
 *
 * @throws Fault ERR_SIGN_IN_REFUSED, ERR_SIGN_IN_EXPIRED, ERR_CREDENTIALS_WRONG
 */
export async function deviceLogin(
  agent: Agent,
  issuer: PublicIssuer,
  client: OAuthClient,
  { show, wait, signal }: DevicePorts,
): Promise<TokenCredential> {
  const { device } = issuer
  if (!device) {
    throw new Fault('ERR_SIGN_IN_REFUSED', {
      door: issuer.token.origin,
      status: 404,
      words: 'its issuer offers no sign-in by device code',
    })
  }
  const verifier = randomBytes(32).toString('base64url')
  const begun = await askingLess(issuer.scope, (scope) =>
    postForm(
      agent,
      device,
      {
        client_id: client.id,
        client_secret: client.secret,
        scope,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      },
      signal,
    ),
  )
  const {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: uri,
    verification_uri_complete: whole,
  } = begun.fields
  if (begun.status !== 200 || typeof deviceCode !== 'string' || typeof userCode !== 'string')
    throw refused(device, begun)
  const address = typeof whole === 'string' ? whole : typeof uri === 'string' ? uri : device.href
  const expiresIn = seconds(begun.fields.expires_in, 300)
  show({ url: cut(atDoor(address, device)), code: cut(userCode), expiresIn })

  let interval = seconds(begun.fields.interval, 5)
  for (let waited = 0; waited <= expiresIn; waited += interval) {
    await wait(interval * 1000, signal)
    const answer = await postForm(
      agent,
      issuer.token,
      {
        grant_type: GRANT,
        device_code: deviceCode,
        client_id: client.id,
        client_secret: client.secret,
        code_verifier: verifier,
      },
      signal,
    )
    if (answer.status === 200) return tokenCredential(answer, issuer, client)
    if (answer.error === 'slow_down') interval += 5
    else if (answer.error !== 'authorization_pending') throw refused(issuer.token, answer)
  }
  throw new Fault('ERR_SIGN_IN_EXPIRED', { door: device.origin, words: 'nobody entered the code in time' })
}

/** The issuer names its address in the cluster; people open it at the door. */
function atDoor(address: string, door: URL): string {
  if (!URL.canParse(address)) return door.href
  const { pathname, search } = new URL(address)
  return new URL(pathname + search, door).href
}

const seconds = (value: unknown, fallback: number) =>
  typeof value === 'number' && value > 0 && value < 86_400 ? value : fallback
