import { Fault } from '../../base/index.ts'
import {
  type Agent,
  type Credential,
  type CredentialStore,
  createDoorFetch,
  createDoorSession,
  type DoorFetch,
  type DoorSession,
  endOf,
  memoryStore,
  pastedCookie,
} from '../../client/index.ts'
import { keptStore } from './credential-store.ts'
import type { Environment } from './folders.ts'
import { findKeptDoor, type KeptDoor, nameOfDoor, readKeptDoors } from './kept-doors.ts'
import { agentFor, type ReachOptions } from './reach.ts'
import { passwordFromEnv, readTokenFile, renewer, signInWithPassword } from './renew.ts'

/** `--door NAME`, or an address; neither = `KFDOOR_DOOR`, `KFDOOR_URL`, the current door. */
export interface WhichKeptDoor {
  readonly door?: string
  readonly url?: string
}

/** A door with everything that is needed to send requests to it. */
export interface OpenedDoor {
  readonly name: string
  readonly url: URL
  /** Undefined for a door only the environment knows. */
  readonly kept?: KeptDoor
  readonly agent: Agent
  readonly session: DoorSession
  /** `fetch` with the credential, renewed once when the door asks for a sign-in. */
  readonly fetch: DoorFetch
  close(): Promise<void>
}

/**
 * Opens a door somebody signed in to, or one the environment has everything for. A credential of the
 * environment (`KFDOOR_TOKEN`, `KFDOOR_TOKEN_FILE`, `KFDOOR_COOKIE`) goes before the one that is kept.
 *
 * @throws Fault ERR_DOOR_UNKNOWN, ERR_CREDENTIALS_MISSING, ERR_CREDENTIALS_EXPOSED, and those of signing in
 */
export async function openKeptDoor(
  env: Environment,
  options: WhichKeptDoor & ReachOptions = {},
): Promise<OpenedDoor> {
  const { kept, url } = whichDoor(env, options)
  if (!url) {
    throw new Fault('ERR_CREDENTIALS_MISSING', {
      door: 'a door',
      next: 'sign in with `kfdoor login URL`, or set KFDOOR_URL with KFDOOR_USERNAME and KFDOOR_PASSWORD, or KFDOOR_TOKEN',
    })
  }
  const name = kept?.name ?? nameOfDoor(url)
  const agent = agentFor(env, url, options, kept)
  const atHand = passwordFromEnv(env, kept?.connector)
  const given = credentialFromEnv(env, url)
  let store: CredentialStore
  if (given) store = memoryStore(given)
  else if (kept && !(kept.credentialStore === 'none' && atHand)) store = keptStore(env, kept)
  else if (atHand) store = memoryStore(await signInWithPassword(agent, url, atHand))
  else store = memoryStore()
  const session = createDoorSession({
    door: url,
    name,
    store,
    renew: renewer(env, agent, url, kept, atHand),
    readToken: readTokenFile,
    clock: Date.now,
  })
  const fetch = createDoorFetch({ door: url, name, agent, session })
  return { name, url, kept, agent, session, fetch, close: () => agent.close() }
}

/** The door that is meant, without opening it. */
export function whichDoor(
  env: Environment,
  options: WhichKeptDoor,
): { readonly kept?: KeptDoor; readonly url?: URL } {
  const name = options.door ?? (options.url === undefined ? env.KFDOOR_DOOR || undefined : undefined)
  const address = name === undefined ? (options.url ?? (env.KFDOOR_URL || undefined)) : undefined
  const asked = address === undefined ? undefined : readDoorUrl(address)
  const kept = findKeptDoor(readKeptDoors(env), { name, url: asked })
  return { kept, url: kept ? new URL(kept.url) : asked }
}

/**
 * The address of a door as people type it; `https` where they leave the scheme out.
 *
 * @throws Fault ERR_USAGE
 */
export function readDoorUrl(text: string): URL {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  const wrong = (why: string) =>
    new Fault('ERR_USAGE', {
      message: `\`${text.replace(/\/\/[^@/]*@/, '//…@')}\` ${why}`,
      next: 'write it as https://HOST[:PORT]',
    })
  if (!URL.canParse(whole)) throw wrong('is not an address')
  const url = new URL(whole)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong('is not an address of a door')
  if (url.username !== '' || url.password !== '')
    throw wrong('has a password in it, which would be kept and shown')
  url.hash = ''
  return url
}

/** What CI hands over; undefined when it hands over nothing. */
function credentialFromEnv(env: Environment, url: URL): Credential | undefined {
  const { KFDOOR_TOKEN: token, KFDOOR_TOKEN_FILE: path, KFDOOR_COOKIE: cookie } = env
  if (token) return { kind: 'token', token: token.trim(), expiresAt: endOf(token.trim()) }
  if (path) return { kind: 'token-file', path }
  return cookie ? pastedCookie(cookie, url, Date.now) : undefined
}
