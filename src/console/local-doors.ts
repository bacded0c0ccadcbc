import { askDoor, followDoor, type RunningDoor, runningDoors } from '../compose/control.ts'
import type { LiveDoor, LiveSession } from './options.ts'

/** The doors `kfdoor up` runs on this machine, as the console may ask them: over their own socket. */
export function localDoors(env: Readonly<Record<string, string | undefined>>): readonly LiveDoor[] {
  return runningDoors(env).map(liveDoor)
}

function liveDoor(door: RunningDoor): LiveDoor {
  return {
    url: door.url,
    decisions: (take, signal, following) => followDoor(door, take, signal, following),
    sessions: async () => {
      const answer = await askDoor(door, { do: 'sessions' })
      if (!answer.ok) throw new Error(answer.error)
      return answer.sessions as readonly LiveSession[]
    },
    signOut: async (user) => {
      const answer = await askDoor(door, { do: 'sign-out', user })
      if (!answer.ok) throw new Error(answer.error)
      return answer.ended as number
    },
  }
}
