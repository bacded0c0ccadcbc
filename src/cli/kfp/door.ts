import { Fault } from '../../base/index.ts'
import type { Door } from '../../compose/client.ts'
import { type DoorOptions, reachOf } from '../door-options.ts'
import type { Io } from '../io.ts'

/** The door of these options, opened; closed when the work is done or failed. */
export async function withDoor<T>(
  io: Io,
  options: DoorOptions & { readonly url?: string },
  work: (door: Door) => Promise<T>,
): Promise<T> {
  const { openDoor } = await import('../../compose/client.ts')
  const reach = reachOf(io, options)
  const door = await openDoor(options.url, undefined, {
    env: reach.door === undefined ? io.env : { ...io.env, KFDOOR_DOOR: reach.door },
    certificateAuthority: reach.certificateAuthority,
    insecureSkipTlsVerify: reach.insecure,
  })
  try {
    return await work(door)
  } finally {
    await door.close()
  }
}

/** The namespace that is meant when none is named: the one you own, where there is exactly one. */
export async function ownNamespace(door: Door, given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const { namespaces } = await door.whoAmI()
  const owned = namespaces.filter(({ role }) => role === 'owner')
  const [only] = owned.length > 0 ? owned : namespaces
  if (only !== undefined && (owned.length === 1 || namespaces.length === 1)) return only.namespace
  throw new Fault('ERR_USAGE', {
    message:
      namespaces.length === 0 ? 'the door names no namespace of yours' : 'several namespaces are yours',
    next:
      namespaces.length === 0
        ? 'say which with `-n NAMESPACE`'
        : `say which with \`-n\`: ${namespaces.map(({ namespace }) => namespace).join(', ')}`,
  })
}
