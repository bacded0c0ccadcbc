import { join } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { DoorKind, SignOut } from '../../client/index.ts'
import { readIfThere, writePrivateFile } from '../private-file.ts'
import { privateFolder } from '../state.ts'
import { withFileLock } from './file-lock.ts'
import { configFolder, type Environment } from './folders.ts'

/** A door somebody signed in to. Nothing in it is secret. */
export interface KeptDoor {
  readonly name: string
  readonly url: string
  readonly kind: DoorKind
  readonly issuer?: string
  readonly connector?: string
  readonly user?: string
  /** PEM of what is trusted for this door alone. */
  readonly certificateAuthority?: string
  readonly trustedOrigins?: readonly string[]
  readonly signOut?: SignOut
  readonly singleUser?: boolean
  /** RFC 3339 */
  readonly signedInAt?: string
  /** Undefined = `file`. */
  readonly credentialStore?: 'file' | 'keyring' | 'none'
}

export interface KeptDoors {
  /** The one that is meant when none is named. */
  readonly current?: string
  readonly doors: readonly KeptDoor[]
}

const fileOf = (env: Environment) => join(configFolder(env), 'doors.json')

/** @throws Fault ERR_INPUT_UNREADABLE when the file is not what kfdoor wrote */
export function readKeptDoors(env: Environment): KeptDoors {
  const path = fileOf(env)
  let text: string | undefined
  try {
    text = readIfThere(path)
    if (text === undefined) return { doors: [] }
    const { kind, current, doors } = JSON.parse(text) as Partial<KeptDoors> & { kind?: string }
    if (kind !== 'Doors' || !Array.isArray(doors)) throw new Error('it is not a list of doors')
    return { doors: doors.filter(({ name, url }) => typeof name === 'string' && URL.canParse(url)), current }
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: `${reason}; move it away to begin anew` })
  }
}

/** Changes the list while no other process does. */
export async function changeKeptDoors(
  env: Environment,
  change: (before: KeptDoors) => KeptDoors,
): Promise<KeptDoors> {
  const path = fileOf(env)
  privateFolder(configFolder(env))
  return withFileLock(`${path}.lock`, async () => {
    const after = change(readKeptDoors(env))
    const { current, doors } = after
    const file = { apiVersion: 'kfdoor/v1alpha1', kind: 'Doors', current, doors }
    writePrivateFile(path, `${JSON.stringify(file, null, 2)}\n`)
    return after
  })
}

/** A door's entry, new or in the place of the one before; it becomes the current one. */
export const keepDoor = (env: Environment, door: KeptDoor) =>
  changeKeptDoors(env, ({ doors }) => ({
    current: door.name,
    doors: [...doors.filter(({ name }) => name !== door.name), door],
  }))

/** `kubeflow.example.com`, `localhost-8443`: a name people can type, from the address. */
export function nameOfDoor(url: URL): string {
  const path = url.pathname.replace(/^\/+|\/+$/g, '')
  return [url.hostname.replace(/^\[|\]$/g, ''), url.port, path]
    .filter((part) => part !== '')
    .join('-')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 100)
}

/** @throws Fault ERR_USAGE for a name that cannot be a file's */
export function checkName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return name
  throw new Fault('ERR_USAGE', {
    message: `\`${name}\` cannot be a door's name`,
    next: 'use letters, digits, `.`, `_` and `-`',
  })
}

/**
 * The door that is meant: the one named, the one at a URL, or the current one.
 *
 * @throws Fault ERR_DOOR_UNKNOWN when the named one is not kept
 */
export function findKeptDoor(
  { doors, current }: KeptDoors,
  which: { readonly name?: string; readonly url?: URL },
): KeptDoor | undefined {
  if (which.name !== undefined) {
    const named = doors.find(({ name }) => name === which.name)
    if (!named)
      throw new Fault('ERR_DOOR_UNKNOWN', { name: which.name, known: doors.map(({ name }) => name) })
    return named
  }
  const { url } = which
  if (url) {
    const fitting = doors.filter((one) => new URL(one.url).origin === url.origin)
    return (
      fitting.find((one) => one.url === url.href) ??
      fitting.find(({ name }) => name === current) ??
      fitting[0]
    )
  }
  return doors.find(({ name }) => name === current) ?? (doors.length === 1 ? doors[0] : undefined)
}
