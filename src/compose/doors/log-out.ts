import { signOutOf } from '../../client/index.ts'
import type { Environment } from './folders.ts'
import { fileCredentialStore, forgetCredential, readCredential } from './kept-credential.ts'
import type { KeptDoor } from './kept-doors.ts'
import { agentFor, type ReachOptions } from './reach.ts'

export type LoggedOut = 'there' | 'here only' | 'door silent' | 'nothing'

/** Ends a session at the door and forgets it here; here also when the door cannot be reached. */
export async function logOut(env: Environment, door: KeptDoor, options: ReachOptions): Promise<LoggedOut> {
  return fileCredentialStore(env, door.name).alone(async () => {
    const credential = readCredential(env, door.name)
    if (!credential) return 'nothing'
    const url = new URL(door.url)
    const agent = agentFor(env, url, options, door)
    try {
      return (await signOutOf(agent, url, door.signOut, credential)) ? 'there' : 'here only'
    } catch {
      return 'door silent'
    } finally {
      forgetCredential(env, door.name)
      await agent.close()
    }
  })
}
