import { type Agent, type Credential, challengedWith, cookieHeader, signOutOf } from '../../client/index.ts'
import { keptStore } from './credential-store.ts'
import type { Environment } from './folders.ts'
import type { KeptDoor } from './kept-doors.ts'
import { agentFor, type ReachOptions } from './reach.ts'

export type LoggedOut = 'there' | 'lives on' | 'here only' | 'door silent' | 'nothing'

/** Ends a session at the door and forgets it here; here also when the door cannot be reached. */
export async function logOut(env: Environment, door: KeptDoor, options: ReachOptions): Promise<LoggedOut> {
  const store = keptStore(env, door)
  return store.alone(async () => {
    const credential = await store.load()
    if (!credential) return 'nothing'
    const url = new URL(door.url)
    const agent = agentFor(env, url, options, door)
    try {
      if (!(await signOutOf(agent, url, door.signOut, credential))) return 'here only'
      return (await stillOpens(agent, url, credential).catch(() => false)) ? 'lives on' : 'there'
    } catch {
      return 'door silent'
    } finally {
      await store.forget()
      await agent.close()
    }
  })
}

/**
 * oauth2-proxy without Redis keeps no sessions: it asks the browser to forget a cookie that stays good. The
 * door is asked, with the cookie and without, where one has to be signed in.
 */
async function stillOpens(agent: Agent, url: URL, credential: Credential): Promise<boolean> {
  if (credential.kind !== 'session') return false
  const stranger = await challengedWith(agent, url, {})
  return (
    stranger !== undefined &&
    !(await challengedWith(agent, url, { cookie: cookieHeader(credential.cookies) }))
  )
}
