import { readFile, stat } from 'node:fs/promises'
import { Fault } from '../../base/index.ts'
import {
  type Agent,
  type Credential,
  createCookieJar,
  createVisitor,
  passwordLogin,
  recogniseDoor,
  refreshToken,
} from '../../client/index.ts'
import type { Environment } from './folders.ts'
import type { KeptDoor } from './kept-doors.ts'

/** A user name and password that may be used again when a session ends; kept in memory only. */
export interface PasswordAtHand {
  readonly username: string
  readonly password: string
  readonly connector?: string
  readonly allowPlainHttp?: boolean
}

/** `KFDOOR_USERNAME` and `KFDOOR_PASSWORD`, for jobs that outlive a session. */
export function passwordFromEnv(env: Environment, connector?: string): PasswordAtHand | undefined {
  const { KFDOOR_USERNAME: username, KFDOOR_PASSWORD: password } = env
  if (!username || !password) return undefined
  return { username, password, connector: env.KFDOOR_CONNECTOR || connector }
}

/** Signs in with a password from the beginning. */
export async function signInWithPassword(
  agent: Agent,
  url: URL,
  given: PasswordAtHand,
  trustedOrigins?: readonly string[],
): Promise<Credential> {
  const visitor = createVisitor({ agent, jar: createCookieJar(Date.now), door: url, trustedOrigins })
  const door = await recogniseDoor(visitor, url)
  if (door.kind === 'open') return { kind: 'none' }
  return (await passwordLogin(visitor, door, given)).credential
}

/** How a credential is made anew without a person; undefined where there is no way. */
export function renewer(
  env: Environment,
  agent: Agent,
  url: URL,
  kept: Pick<KeptDoor, 'connector' | 'trustedOrigins'> | undefined,
  atHand: PasswordAtHand | undefined,
): (old: Credential) => Promise<Credential | undefined> {
  return async (old) => {
    switch (old.kind) {
      case 'service-account': {
        const { token, expiresAt } = await serviceAccountToken(env, old)
        return { ...old, token, expiresAt }
      }
      case 'token':
        if (old.refresh) return refreshToken(agent, old.refresh)
        break
      case 'none':
      case 'token-file':
        return undefined
    }
    return atHand && signInWithPassword(agent, url, atHand, kept?.trustedOrigins)
  }
}

export async function serviceAccountToken(
  env: Environment,
  account: Extract<Credential, { kind: 'service-account' }>,
  seconds?: number,
): Promise<{ token: string; expiresAt: number }> {
  const { clusterAccess, requestToken } = await import('../../kube/index.ts')
  const cluster = await clusterAccess(env, account)
  const audiences = account.audience === undefined ? [] : [account.audience]
  return requestToken(cluster, account, { audiences, seconds })
}

/** A token file, which the kubelet or another program replaces. */
export async function readTokenFile(path: string): Promise<{ text: string; changedAt: number }> {
  try {
    // First the time: a change between the two is then seen as one more change, never missed.
    const { mtimeMs } = await stat(path)
    return { text: await readFile(path, 'utf8'), changedAt: mtimeMs }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'it is not there' : code === 'EACCES' ? 'permission denied' : message
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason })
  }
}
