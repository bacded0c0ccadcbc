import { readFileSync } from 'node:fs'
import { type Credential, claimsOf, endOf, issuedAt } from '../../client/index.ts'
import { keptStore } from './credential-store.ts'
import type { Environment } from './folders.ts'
import type { KeptDoor } from './kept-doors.ts'
import { whichDoor } from './open-door.ts'

/** What lies here for a door, read without asking anybody. */
export interface KeptStatus {
  readonly door: KeptDoor
  readonly credential?: Credential
  /** ms */
  readonly expiresAt?: number
  /** ms; when the door made the session, where its cookie tells. */
  readonly issuedAt?: number
  /** It can be made anew without a person. */
  readonly renews: boolean
  readonly audiences?: readonly string[]
  readonly usable: boolean
}

/** @throws Fault ERR_DOOR_UNKNOWN, ERR_CREDENTIALS_EXPOSED */
export async function readKeptStatus(
  env: Environment,
  name: string | undefined,
  now: number,
): Promise<KeptStatus | undefined> {
  const { kept: door } = whichDoor(env, { door: name })
  if (!door) return undefined
  const credential = await keptStore(env, door).load()
  if (!credential) return { door, renews: false, usable: false }
  const token = tokenOf(credential)
  const expiresAt =
    'expiresAt' in credential ? credential.expiresAt : token === undefined ? undefined : endOf(token)
  const renews =
    credential.kind === 'service-account' ||
    credential.kind === 'token-file' ||
    (credential.kind === 'token' && credential.refresh !== undefined)
  const made =
    credential.kind === 'session'
      ? credential.cookies.map(({ value }) => issuedAt(value)).find((at) => at !== undefined)
      : undefined
  const aud = token === undefined ? undefined : claimsOf(token)?.aud
  return {
    door,
    credential,
    expiresAt,
    issuedAt: made,
    renews,
    audiences: typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.map(String) : undefined,
    usable: renews || expiresAt === undefined || expiresAt > now,
  }
}

function tokenOf(credential: Credential): string | undefined {
  if (credential.kind === 'token' || credential.kind === 'service-account') return credential.token
  if (credential.kind !== 'token-file') return undefined
  try {
    return readFileSync(credential.path, 'utf8').trim()
  } catch {
    return undefined
  }
}
