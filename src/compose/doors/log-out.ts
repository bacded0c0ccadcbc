import { signOutOf } from '../../client/index.ts'
import { keptStore } from './credential-store.ts'
import type { Environment } from './folders.ts'
import type { KeptDoor } from './kept-doors.ts'
import { agentFor, type ReachOptions } from './reach.ts'

export type LoggedOut = 'there' | 'here only' | 'door silent' | 'nothing'

/** Ends a session at the door and forgets it here; here also when the door cannot be reached. */
export async function logOut(env: Environment, door: KeptDoor, options: ReachOptions): Promise<LoggedOut> {
  const store = keptStore(env, door)
  return store.alone(async () => {
    const credential = await store.load()
    if (!credential) return 'nothing'
    const url = new URL(door.url)
    const agent = agentFor(env, url, options, door)
    try {
      return (await signOutOf(agent, url, door.signOut, credential)) ? 'there' : 'here only'
    } catch {
      return 'door silent'
    } finally {
      await store.forget()
      await agent.close()
    }
  })
}
