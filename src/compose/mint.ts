import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../base/index.ts'
import { chooseDoor } from './choose-door.ts'
import { askDoor, runningDoors } from './control.ts'
import type { Credential } from './handed-out.ts'
import { fileKeyStore } from './private-file.ts'
import { defaultStateFolder } from './state.ts'

export interface MintRequest {
  /** `NS/NAME`. */
  readonly serviceAccount?: string
  readonly audiences: readonly string[]
  readonly durationSeconds: number
  readonly user?: string
  readonly groups: readonly string[]
  /** Which of several running doors. */
  readonly url?: string
  /** The state folder of a door; a running door that uses it is asked first. */
  readonly state?: string
}

/** The file a door's service-account keys lie in, in its state folder. */
export const serviceAccountKeyFile = 'service-account-keys.json'

/**
 * Mints through a running door's control socket. A service-account token can also be signed with
 * the key of a state folder whose door does not run; a session cannot, for nobody would know it.
 *
 * @throws Fault ERR_USAGE, ERR_NO_DOOR
 */
export async function mintCredential(
  env: Readonly<Record<string, string | undefined>>,
  request: MintRequest,
): Promise<Credential> {
  const account = request.serviceAccount === undefined ? undefined : parseAccount(request.serviceAccount)
  const door = chooseDoor(runningDoors(env), request)
  if (!door) return mintOffline(env, request, account)
  const answer = await askDoor(
    door,
    account
      ? {
          do: 'service-account-token',
          ...account,
          audiences: request.audiences,
          durationSeconds: request.durationSeconds,
        }
      : {
          do: 'session',
          user: request.user,
          groups: request.groups,
          durationSeconds: request.durationSeconds,
        },
  )
  if (!answer.ok) throw new Fault('ERR_USAGE', { message: answer.error })
  return answer.credential as Credential
}

function parseAccount(text: string): { namespace: string; name: string } {
  const [namespace, name, more] = text.split('/')
  if (!namespace || !name || more !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`--service-account ${text}\` is not NS/NAME`,
      next: 'for example `--service-account kubeflow-user-example-com/default-editor`',
    })
  }
  return { namespace, name }
}

async function mintOffline(
  env: Readonly<Record<string, string | undefined>>,
  request: MintRequest,
  account: { namespace: string; name: string } | undefined,
): Promise<Credential> {
  const file = join(request.state ?? defaultStateFolder(env), serviceAccountKeyFile)
  if (!account || !existsSync(file)) throw new Fault('ERR_NO_DOOR', { url: request.url })
  // Where a door runs nothing here signs, and what can takes longer to load than all the rest.
  const { createSigningKeys, serviceAccountIssuer } = await import('../identity/index.ts')
  const clock = Date.now
  const keys = await createSigningKeys({ clock, rotateEvery: 0, store: fileKeyStore(file) })
  const minted = await serviceAccountIssuer({ keys, clock }).mint({
    ...account,
    ...(request.audiences.length > 0 ? { audiences: request.audiences } : {}),
    duration: request.durationSeconds * 1000,
  })
  return tokenCredential(account, minted, request.audiences)
}

/** A freshly minted service-account token as `kfdoor token` hands it out. */
export function tokenCredential(
  account: { readonly namespace: string; readonly name: string },
  minted: { readonly token: string; readonly expiresAt: number },
  audiences: readonly string[],
): Credential {
  return {
    kind: 'token',
    token: minted.token,
    expiresAt: new Date(minted.expiresAt).toISOString(),
    user: `system:serviceaccount:${account.namespace}:${account.name}`,
    audiences,
  }
}
