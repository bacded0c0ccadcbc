import {
  type Agent,
  type Credential,
  certificateWithFingerprint,
  createCookieJar,
  createVisitor,
  discoverIssuer,
  type RecognisedDoor,
  recogniseDoor,
  type SignedIn,
  type Visitor,
  type WhoAmI,
  whoAmI,
} from '../../client/index.ts'
import { passOf } from './check-credential.ts'
import { checkStore, chosenStore, keptStore } from './credential-store.ts'
import { enter } from './enter.ts'
import type { Environment } from './folders.ts'
import { checkName, type KeptDoor, keepDoor, nameOfDoor, readKeptDoors } from './kept-doors.ts'
import { agentFor, authorityFor } from './reach.ts'
import type { SignInOptions, SignInPorts } from './sign-in-options.ts'

export type { Way } from './sign-in-options.ts'

export interface SignInResult {
  readonly door: KeptDoor
  readonly credential: Credential
  /** ms */
  readonly expiresAt?: number
  readonly recognised: RecognisedDoor
  readonly seen: SignedIn['seen']
  readonly who: WhoAmI
}

/**
 * `kfdoor login`: recognises the door, signs in, makes sure that it lets us in, asks who we are there,
 * and keeps door and credential.
 */
export async function signIn(
  env: Environment,
  options: SignInOptions,
  ports: SignInPorts,
): Promise<SignInResult> {
  const pinned =
    options.trustCertificate === undefined
      ? undefined
      : await certificateWithFingerprint(options.url, options.trustCertificate)
  const credentialStore = chosenStore(env, options.credentialStore, options.keptStore)
  await checkStore(credentialStore)
  const kept = { certificateAuthority: pinned ?? options.keptAuthority }
  const agent = agentFor(env, options.url, options, kept)
  try {
    const visitor = createVisitor({
      agent,
      jar: createCookieJar(Date.now),
      door: options.url,
      trustedOrigins: options.trustedOrigins,
      signal: options.signal,
    })
    const recognised = await recogniseDoor(visitor, options.url)
    sayClock(recognised.skewMs, ports)
    const signedIn: SignedIn =
      recognised.kind === 'open'
        ? { credential: { kind: 'none' }, seen: { kind: 'open' } }
        : await enter(env, agent, visitor, recognised, await options.way(recognised), options, ports)
    const { credential, seen } = signedIn
    const { headers, expiresAt } = await passOf(recognised, credential)
    const who = await whoBehind(agent, recognised, headers, seen.signOut?.path, options.signal)
    const door: KeptDoor = {
      name: options.name === undefined ? nameOfDoor(recognised.url) : checkName(options.name),
      url: recognised.url.href,
      kind: seen.kind,
      issuer: seen.issuer ?? (await issuerOf(agent, recognised, visitor)),
      connector: seen.connector,
      user: who.user ?? signedIn.user,
      certificateAuthority: namedAuthority(env, recognised.url, options, kept),
      trustedOrigins: options.trustedOrigins?.length ? options.trustedOrigins : undefined,
      signOut: seen.signOut,
      singleUser: recognised.singleUser,
      signedInAt: new Date().toISOString(),
      credentialStore,
    }
    const store = keptStore(env, door)
    await store.alone(() => store.save(credential))
    // What lay in another place is nobody's any more.
    const before = readKeptDoors(env).doors.find(({ name }) => name === door.name)
    if (before && (before.credentialStore ?? 'file') !== door.credentialStore) {
      await keptStore(env, before).forget()
    }
    await keepDoor(env, door)
    return { door, credential, expiresAt, recognised, seen, who }
  } finally {
    await agent.close()
  }
}

/** Only what was named for this door is remembered, not what the whole machine trusts. */
function namedAuthority(
  env: Environment,
  url: URL,
  options: SignInOptions,
  kept: Pick<KeptDoor, 'certificateAuthority'>,
): string | undefined {
  if (options.insecure || url.protocol !== 'https:') return undefined
  return authorityFor({ ...env, SSL_CERT_FILE: undefined }, url, options, kept)
}

async function whoBehind(
  agent: Agent,
  { kind, url }: RecognisedDoor,
  headers: Readonly<Record<string, string>>,
  signOut: string | undefined,
  signal: AbortSignal | undefined,
): Promise<WhoAmI> {
  const userinfo = kind === 'oauth2-proxy' ? signOut?.replace(/\/sign_out$/, '/userinfo') : undefined
  try {
    return await whoAmI(agent, url, headers, { userinfo, signal })
  } catch {
    // Being in is what counts; who one is there can be asked again.
    return { namespaces: [] }
  }
}

/** What tokens of this door call their issuer, where its discovery document can be read. */
async function issuerOf(agent: Agent, door: RecognisedDoor, visitor: Visitor): Promise<string | undefined> {
  const seen = [door.request?.endpoint, ...visitor.hops.map(({ url }) => url)]
    .filter((url) => url !== undefined)
    .find((url) => /\/auth$/.test(url.pathname))
  if (!seen || !visitor.mayVisit(seen)) return undefined
  try {
    const endpoint = new URL(seen.pathname, seen)
    return (await discoverIssuer(agent, { endpoint, clientId: '', redirectUri: '', scope: '' })).issuer
  } catch {
    return undefined
  }
}

/** A clock that is off makes sessions look expired and tokens not yet valid; people never look there. */
function sayClock(skewMs: number, ports: SignInPorts): void {
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  if (minutes < 2) return
  ports.say(
    `KFD1825: the clock of this machine is ${minutes} min ${skewMs > 0 ? 'behind' : 'ahead of'} the door's; set it right, or tokens will be refused`,
  )
}
