import { mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { whoAmI } from '../../client/index.ts'
import { readIfThere, writePrivateFile } from '../private-file.ts'
import type { Environment } from './folders.ts'
import type { OpenedDoor } from './open-door.ts'

/**
 * The namespace you own in the file where the kfp SDK keeps it (`~/.config/kfp/context.json`), until the
 * returned function puts back what was there. No credential goes in: one that lies there is left out for
 * the run, since the SDK would send it beside ours.
 */
export async function writeKfpContext(env: Environment, door: OpenedDoor): Promise<() => void> {
  const { namespaces } = await whoAmI(door.agent, door.url, (await door.session.pass()).headers)
  const [own] = [...namespaces.filter(({ role }) => role === 'owner'), ...namespaces]
  const folder = join(env.HOME || homedir(), '.config', 'kfp')
  const path = join(folder, 'context.json')
  const before = readIfThere(path)
  const kept = Object.entries(parsed(before)).filter(([key]) => !key.startsWith('client_authentication_'))
  const ours = JSON.stringify({ ...Object.fromEntries(kept), namespace: own?.namespace ?? '' })
  mkdirSync(folder, { recursive: true })
  writePrivateFile(path, ours)
  return () => {
    // Somebody who wrote it meanwhile meant it.
    if (readIfThere(path) !== ours) return
    if (before === undefined) rmSync(path, { force: true })
    else writePrivateFile(path, before)
  }
}

function parsed(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
