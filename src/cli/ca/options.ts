import { Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Io } from '../io.ts'

export const keyType = () =>
  new Option('--key-type <type>', 'ecdsa is P-256, rsa has 4096 bits, ed25519 is not taken by browsers')
    .choices(['ecdsa', 'ecdsa-p384', 'rsa', 'ed25519'] as const)
    .default('ecdsa' as const)
export const dir = () => new Option('--dir <folder>', 'where its files lie').default('.')
export const force = () => new Option('--force', 'overwrite what is there')
export const output = () =>
  new Option('-o, --output <format>').choices(['text', 'json'] as const).default('text' as const)
export const caFile = () =>
  new Option(
    '--ca <file>',
    "the root's certificate; default: the one in --dir, else of the door on this machine",
  )

/** A whole number of days. */
export function daysOf(text: string | undefined, most: number, option = '--days'): number | undefined {
  if (text === undefined) return undefined
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > most) {
    throw new Fault('ERR_USAGE', { message: `\`${option} ${text}\` is not a whole number from 1 to ${most}` })
  }
  return days
}

export const LEAF_MOST = 397
export const AUTHORITY_MOST = 7300

/** Where the root is that a command speaks of: named, in the folder, or of the door that runs here. */
export async function rootFile(
  io: Io,
  options: { readonly ca?: string; readonly dir?: string },
): Promise<string> {
  if (options.ca !== undefined) return options.ca
  const { existsSync } = await import('node:fs')
  const { join } = await import('node:path')
  for (const name of ['root.crt', 'ca.crt']) {
    const path = join(options.dir ?? '.', name)
    if (existsSync(path)) return path
  }
  if (options.dir !== undefined && options.dir !== '.') {
    throw new Fault('ERR_CA_UNUSABLE', { where: options.dir, reason: 'it holds no ca.crt' })
  }
  const { caFileOfDoor } = await import('../../compose/choose-door.ts')
  return caFileOfDoor(io.env, {})
}
