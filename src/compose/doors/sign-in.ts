import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../../base/index.ts'
import {
  type Agent,
  beginSignIn,
  browserLogin,
  type Credential,
  certificateWithFingerprint,
  challengedWith,
  createCookieJar,
  createDoorSession,
  createVisitor,
  type DevicePrompt,
  deviceLogin,
  discoverIssuer,
  doorWords,
  endOf,
  memoryStore,
  type PublicIssuer,
  passwordGrant,
  passwordLogin,
  pastedCookie,
  pasteLogin,
  type RecognisedDoor,
  recogniseDoor,
  refusePlainHttp,
  type SignedIn,
  userOf,
  type Visitor,
  type WhoAmI,
  whoAmI,
} from '../../client/index.ts'
import { checkStore, chosenStore, keptStore, type StoreKind } from './credential-store.ts'
import type { Environment } from './folders.ts'
import { checkName, type KeptDoor, keepDoor, nameOfDoor, readKeptDoors } from './kept-doors.ts'
import { agentFor, authorityFor, type ReachOptions } from './reach.ts'
import { readTokenFile, serviceAccountToken } from './renew.ts'

/** The ways in. One is taken: the one asked for, else the one the environment has everything for. */
export type Way =
  | { readonly by: 'password'; readonly username: string; readonly password: string }
  | { readonly by: 'password-grant'; readonly username: string; readonly password: string }
  | { readonly by: 'browser' }
  | { readonly by: 'paste' }
  | { readonly by: 'device' }
  | { readonly by: 'service-account'; readonly namespace: string; readonly name: string }
  | { readonly by: 'token'; readonly token: string }
  | { readonly by: 'token-file'; readonly path: string }
  | { readonly by: 'cookie'; readonly text: string }

export interface SignInOptions extends ReachOptions {
  readonly url: URL
  /** What to call the door; from its address when left out. */
  readonly name?: string
  /** Asked once the door is known to want a sign-in. */
  readonly way: (door: RecognisedDoor) => Promise<Way>
  readonly connector?: string
  readonly audience?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly allowPlainHttp?: boolean
  readonly trustedOrigins?: readonly string[]
  readonly trustCertificate?: string
  /** PEM that was remembered for this door before. */
  readonly keptAuthority?: string
  /** `--credential-store` as typed. */
  readonly credentialStore?: string
  /** Where this door's credential lay before. */
  readonly keptStore?: StoreKind
  readonly kubeconfig?: string
  readonly context?: string
  readonly signal?: AbortSignal
}

export interface SignInPorts {
  readonly say: (line: string) => void
  readonly openBrowser: (url: string) => void
  readonly askLine: (question: string) => Promise<string>
}

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
    const session = createDoorSession({
      door: recognised.url,
      name: recognised.url.host,
      store: memoryStore(credential),
      renew: async () => undefined,
      readToken: readTokenFile,
      clock: Date.now,
    })
    const { headers, expiresAt } = await session.pass()
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

async function enter(
  env: Environment,
  agent: Agent,
  visitor: Visitor,
  door: RecognisedDoor,
  way: Way,
  options: SignInOptions,
  ports: SignInPorts,
): Promise<SignedIn> {
  const { connector, allowPlainHttp, signal } = options
  const asSeen = { kind: door.kind, signOut: door.signOut }
  switch (way.by) {
    case 'password':
      if (door.refusal) throw refusedBy(door, door.refusal)
      return passwordLogin(visitor, door, { ...way, connector, allowPlainHttp })
    case 'paste':
      return pasteLogin(visitor, door, {
        connector,
        clock: Date.now,
        ask: (url) => {
          ports.say(`Open this address and sign in:\n\n  ${url}\n`)
          ports.openBrowser(url)
          ports.say('The last page will show an error: that is expected. Copy its whole address.')
          return ports.askLine('Address of the last page (or a cookie, NAME=VALUE): ')
        },
      })
    case 'cookie': {
      const credential = pastedCookie(way.text, door.url, Date.now)
      refusePlainHttp(door.url, allowPlainHttp, 'a session cookie')
      return checked(agent, door, { credential, seen: asSeen }, signal)
    }
    case 'token':
    case 'token-file': {
      refusePlainHttp(door.url, allowPlainHttp, 'a token')
      const text = way.by === 'token' ? way.token : (await readTokenFile(way.path)).text
      const token = text.trim()
      const credential: Credential =
        way.by === 'token'
          ? { kind: 'token', token, expiresAt: endOf(token) }
          : { kind: 'token-file', path: resolve(way.path) }
      return checked(agent, door, { credential, user: userOf(token), seen: { kind: door.kind } }, signal)
    }
    case 'service-account': {
      refusePlainHttp(door.url, allowPlainHttp, 'a token')
      const account: Extract<Credential, { kind: 'service-account' }> = {
        kind: 'service-account',
        namespace: way.namespace,
        name: way.name,
        audience: options.audience ?? audienceOf(door),
        kubeconfig: options.kubeconfig,
        context: options.context,
      }
      const { token, expiresAt } = await serviceAccountToken(env, account)
      const credential = { ...account, token, expiresAt }
      return checked(agent, door, { credential, user: userOf(token), seen: { kind: door.kind } }, signal)
    }
    case 'password-grant':
    case 'device':
    case 'browser': {
      refusePlainHttp(door.url, allowPlainHttp, way.by === 'password-grant' ? 'a password' : 'a token')
      const { request } = await beginSignIn(visitor, door)
      if (!visitor.mayVisit(request.endpoint)) {
        throw new Fault('ERR_FOREIGN_ORIGIN', { door: door.url.origin, target: request.endpoint.origin })
      }
      const issuer = await discoverIssuer(agent, request, signal)
      const client = { id: options.clientId ?? request.clientId, secret: options.clientSecret }
      const credential = await grant(agent, issuer, client, way, options, ports)
      const seen = { kind: door.kind, issuer: issuer.issuer, connector }
      return checked(agent, door, { credential, user: userOf(credential.token), seen }, signal)
    }
  }
}

function grant(
  agent: Agent,
  issuer: PublicIssuer,
  client: { id: string; secret?: string },
  way: Extract<Way, { by: 'password-grant' | 'device' | 'browser' }>,
  { connector, signal }: SignInOptions,
  ports: SignInPorts,
): Promise<Extract<Credential, { kind: 'token' }>> {
  switch (way.by) {
    case 'password-grant':
      return passwordGrant(agent, issuer, client, { username: way.username, password: way.password }, signal)
    case 'device':
      return deviceLogin(agent, issuer, client, {
        show: ({ url, code, expiresIn }: DevicePrompt) => {
          ports.say(
            `Open ${url}\nand check that it shows ${code} (within ${Math.round(expiresIn / 60)} min).`,
          )
          // Dex goes on from its own name, which a cluster's issuer often has for itself alone.
          const own = URL.canParse(issuer.issuer) ? new URL(issuer.issuer) : undefined
          if (own && own.host !== issuer.token.host)
            ports.say(
              `If the browser is sent on to ${own.origin}, put ${issuer.token.origin} in its place in the address.`,
            )
          ports.openBrowser(url)
        },
        wait: (ms, aborted) => wait(ms, undefined, { signal: aborted }),
        signal,
      })
    case 'browser':
      return browserLogin(agent, issuer, client, {
        open: (url) => {
          ports.say(`Sign in in the browser; if it does not open, open this address:\n\n  ${url}\n`)
          ports.openBrowser(url)
        },
        connector,
        signal,
      })
  }
}

/**
 * The audience a door wants of a service account's token: oidc-authservice reviews tokens for the gateway's
 * name (its default `AUDIENCES`); Istio's rule of later releases names none.
 */
const audienceOf = ({ kind }: RecognisedDoor): string | undefined =>
  kind === 'authservice' ? 'istio-ingressgateway.istio-system.svc.cluster.local' : undefined

/** A credential that was not made by this door is tried before it is kept. */
async function checked(
  agent: Agent,
  door: RecognisedDoor,
  signedIn: SignedIn,
  signal: AbortSignal | undefined,
): Promise<SignedIn> {
  const session = createDoorSession({
    door: door.url,
    name: door.url.host,
    store: memoryStore(signedIn.credential),
    renew: async () => undefined,
    readToken: readTokenFile,
    clock: Date.now,
  })
  const { headers } = await session.pass()
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

const refusedBy = ({ url }: RecognisedDoor, { status, words }: { status: number; words: string }) =>
  new Fault('ERR_DOOR_REFUSED', { url: url.href, status, words })

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
