import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Fault } from '../base/index.ts'
import { type RunningDoor, runningDoors } from './control.ts'
import { defaultStateFolder } from './state.ts'

/** Which of the doors that run here is meant; both left out where there is only one. */
export interface WhichDoor {
  readonly url?: string
  readonly state?: string
}

/**
 * The one running door that fits; undefined when none does.
 *
 * @throws Fault ERR_USAGE when several do
 */
export function chooseDoor(
  doors: readonly RunningDoor[],
  { url, state }: WhichDoor,
): RunningDoor | undefined {
  const fitting = doors.filter(
    (door) =>
      (url === undefined || sameOrigin(url, door)) && (state === undefined || door.state === resolve(state)),
  )
  if (fitting.length > 1) {
    throw new Fault('ERR_USAGE', {
      message: `${fitting.length} doors run here: ${fitting.map((door) => door.url).join(', ')}`,
      next: 'choose one with `--url URL`',
    })
  }
  return fitting[0]
}

function sameOrigin(text: string, door: RunningDoor): boolean {
  if (!URL.canParse(text)) throw new Fault('ERR_USAGE', { message: `\`--url ${text}\` is not a URL` })
  const { origin } = new URL(text)
  return origin === new URL(door.url).origin || origin === new URL(door.httpUrl).origin
}

/**
 * The root certificate a client of a local door has to trust: the running door's, else the one that
 * lies in the state folder from its last run.
 *
 * @throws Fault ERR_USAGE, ERR_NO_DOOR
 */
export function caFileOfDoor(env: Readonly<Record<string, string | undefined>>, which: WhichDoor): string {
  const door = chooseDoor(runningDoors(env), which)
  if (door?.caFile) return door.caFile
  if (door) {
    throw new Fault('ERR_USAGE', {
      message: `the door at ${door.url} speaks plain HTTP only and has no CA`,
      next: 'start it without `--no-tls`',
    })
  }
  const kept = join(resolve(which.state ?? defaultStateFolder(env)), 'ca.crt')
  if (which.url !== undefined || !existsSync(kept)) throw new Fault('ERR_NO_DOOR', { url: which.url })
  return kept
}
