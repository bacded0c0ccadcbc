import type { Socket } from 'node:net'
import type { Clock } from '../base/index.ts'
import { joinBytes } from './byte-stream.ts'
import { connectionOf } from './connection.ts'
import type { Current } from './current.ts'
import { deliberate } from './deliberate.ts'
import type { Limits } from './options.ts'
import { connectionRequest } from './strict.ts'

/** A connection that is no HTTP of ours: decided as a whole, then joined to where it goes. */
export function passBytes(socket: Socket, { door, identity }: Current, limits: Limits, clock: Clock): void {
  const connection = connectionOf(socket)
  const run = async () => {
    const outcome = await deliberate(door, connectionRequest(connection), {
      listener: connection.listener,
      invariant: false,
      identity,
      now: clock,
      caller: { wait: (asking) => socket.once('close', () => asking.gone()), proceed: () => {} },
    })
    if (!('decision' in outcome) || outcome.decision.kind !== 'forward') {
      // Ended, not broken off: the client sees a connection that was closed.
      socket.destroySoon()
      return
    }
    joinBytes(socket, door.upstream(outcome.decision), limits)
  }
  run().catch(() => socket.destroy())
}
