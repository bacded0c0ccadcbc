/** Ways through a door: what is typed, and how it ends. */

import { isFault } from '../../src/base/index.ts'
import {
  createAgent,
  createCookieJar,
  createVisitor,
  passwordLogin,
  recogniseDoor,
  signOutOf,
} from '../../src/client/index.ts'

export interface Walk {
  readonly username: string
  readonly password: string
  readonly connector?: string
}

/** How it ended, for a person and for a program. */
export interface Ended {
  readonly door: string
  readonly fault?: string
  readonly message?: string
  readonly cookies?: readonly string[]
  readonly connector?: string
  readonly connectors?: readonly string[]
  readonly approval?: boolean
  readonly dex?: string
  readonly signedOut?: boolean
}

/** Recognises, signs in, and signs out again. */
export async function walk(url: URL, given: Walk, now: (note: string) => void = () => {}): Promise<Ended> {
  const agent = createAgent({ clock: Date.now })
  const visitor = createVisitor({ agent, jar: createCookieJar(Date.now), door: url })
  let door = 'none'
  try {
    now('recognise')
    const found = await recogniseDoor(visitor, url)
    door = found.kind
    now('sign in')
    const { credential, seen } = await passwordLogin(visitor, found, given)
    now('logout')
    const signedOut = await signOutOf(agent, found.url, seen.signOut, credential, visitor)
    return {
      door,
      cookies: credential.kind === 'session' ? credential.cookies.map(({ name }) => name).sort() : [],
      ...(seen.connector !== undefined && { connector: seen.connector }),
      ...(seen.connectors && { connectors: seen.connectors.map(({ id }) => id).sort() }),
      approval: seen.approval ?? false,
      ...(seen.dex !== undefined && { dex: seen.dex }),
      signedOut,
    }
  } catch (error) {
    if (!isFault(error)) throw error
    return { door, fault: error.code, message: error.message.replaceAll(url.origin, 'http://door') }
  } finally {
    await agent.close()
  }
}
