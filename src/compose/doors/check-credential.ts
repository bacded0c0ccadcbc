import { Fault } from '../../base/index.ts'
import {
  type Agent,
  type Credential,
  challengedWith,
  createDoorSession,
  doorWords,
  memoryStore,
  type RecognisedDoor,
  type SignedIn,
} from '../../client/index.ts'
import { readTokenFile } from './renew.ts'

/** A credential that was not made by this door is tried before it is kept. */
export async function checked(
  agent: Agent,
  door: RecognisedDoor,
  signedIn: SignedIn,
  signal: AbortSignal | undefined,
): Promise<SignedIn> {
  const { headers } = await passOf(door, signedIn.credential)
  const refused = await challengedWith(agent, door.url, headers, signal)
  if (!refused) return signedIn
  if (refused.status === 403 && /RBAC/.test(refused.body)) {
    // Many a service account may not see the dashboard and yet call what it is for.
    const api = await challengedWith(
      agent,
      new URL('/pipeline/apis/v2beta1/healthz', door.url),
      headers,
      signal,
    )
    if (!api) return signedIn
  }
  const words = refused.status === 401 ? doorWords(refused) : ''
  throw new Fault('ERR_CREDENTIALS_WRONG', {
    door: door.url.href,
    what: headers.authorization ? 'token' : 'cookie',
    words:
      words !== '' && words !== '{}'
        ? words
        : `it answers ${refused.status} and asks to sign in all the same`,
  })
}

/** What goes along with requests by this credential, which is not renewed. */
export function passOf({ url }: RecognisedDoor, credential: Credential) {
  return createDoorSession({
    door: url,
    name: url.host,
    store: memoryStore(credential),
    renew: async () => undefined,
    readToken: readTokenFile,
    clock: Date.now,
  }).pass()
}
