import type { Agent } from '../http/agent.ts'
import { cookieHeader } from '../http/cookie-jar.ts'
import type { Visitor } from '../http/visitor.ts'
import type { SignOut } from '../recognise.ts'
import type { Credential } from './outcome.ts'

/**
 * Ends a session at the door. True when the door took it: a sign-out that is refused, or that the door
 * does not know, is told and leaves the rest to the caller.
 */
export async function signOutOf(
  agent: Agent,
  door: URL,
  signOut: SignOut | undefined,
  credential: Credential,
  visitor?: Visitor,
): Promise<boolean> {
  if (!signOut || credential.kind !== 'session') return false
  const url = new URL(signOut.path, door)
  const cookies = visitor?.jar.header(url) ?? cookieHeader(credential.cookies)
  const headers: Record<string, string> = { cookie: cookies }
  if (signOut.kind === 'post-session') {
    const session = credential.cookies.find(({ name }) => name === signOut.cookie)
    if (session) headers.authorization = `Bearer ${session.value}`
  }
  const answer = await agent.send({
    method: signOut.kind === 'get' ? 'GET' : 'POST',
    url,
    headers,
    limit: 65_536,
  })
  return answer.status < 400
}
