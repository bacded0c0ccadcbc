import { Fault } from '../../base/index.ts'
import { type Answer, challengedWith, doorWords, type WhoAmI, whoAmI } from '../../client/index.ts'
import type { Environment } from './folders.ts'
import { openKeptDoor, type WhichKeptDoor } from './open-door.ts'
import type { ReachOptions } from './reach.ts'

export interface AskedWho {
  readonly name: string
  readonly url: URL
  readonly who: WhoAmI
  /** How one gets in: which header is sent. */
  readonly kind: 'cookie' | 'bearer' | 'none'
  /** ms */
  readonly expiresAt?: number
}

/**
 * Asks a door who it takes us for, with what is kept for it.
 *
 * @throws Fault ERR_CREDENTIALS_EXPIRED when the door asks for a sign-in all the same
 */
export async function askWho(env: Environment, options: WhichKeptDoor & ReachOptions): Promise<AskedWho> {
  const door = await openKeptDoor(env, options)
  const { name, url, agent, session, kept } = door
  try {
    let pass = await session.pass()
    let refused = await challengedWith(agent, url, pass.headers)
    if (refused && !isRbac(refused) && (await session.refused(pass.version))) {
      pass = await session.pass()
      refused = await challengedWith(agent, url, pass.headers)
    }
    if (refused && !isRbac(refused)) {
      const words = refused.status === 401 ? doorWords(refused) : ''
      if (words !== '' && words !== '{}')
        throw new Fault('ERR_CREDENTIALS_WRONG', {
          door: url.href,
          words,
          what: pass.headers.authorization ? 'token' : 'cookie',
        })
      throw new Fault('ERR_CREDENTIALS_EXPIRED', { door: name, next: `kfdoor login ${url.href}` })
    }
    const signOut = kept?.signOut
    const userinfo =
      kept?.kind === 'oauth2-proxy' && signOut?.kind === 'get'
        ? signOut.path.replace(/\/sign_out$/, '/userinfo')
        : undefined
    const who = await whoAmI(agent, url, pass.headers, { userinfo })
    const kind = pass.headers.authorization ? 'bearer' : pass.headers.cookie ? 'cookie' : 'none'
    return { name, url, who, kind, expiresAt: pass.expiresAt }
  } finally {
    await door.close()
  }
}

/** A rule of the mesh refuses the page: who one is there can be asked all the same. */
const isRbac = ({ status, body }: Pick<Answer, 'status' | 'body'>) => status === 403 && /^\s*RBAC/.test(body)
