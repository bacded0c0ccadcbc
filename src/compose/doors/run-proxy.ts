import { createKserve, startProxy } from '../../client/index.ts'
import type { Environment } from './folders.ts'
import { type OpenedDoor, openKeptDoor } from './open-door.ts'
import { type Place, proxied } from './proxied.ts'
import type { ReachOptions } from './reach.ts'

export interface ProxyRequest extends ReachOptions {
  /** Names or addresses; none = the current door. */
  readonly doors: readonly string[]
  readonly url?: string
  /** Of the first door; the others take the ports after it, or free ones. */
  readonly port: number
  readonly socket?: string
  readonly secret: boolean
  /** Another Host for every request: a model's. */
  readonly host?: string
  /** `NS/NAME`: whatever leads to that model, Host or path. */
  readonly model?: string
}

export interface ProxiedAddress {
  readonly door: string
  readonly doorUrl: string
  readonly url: string
}

/** One proxy a door. Closes all of them where one cannot start. */
export async function runProxies(
  env: Environment,
  request: ProxyRequest,
): Promise<{ readonly addresses: readonly ProxiedAddress[]; close(): Promise<void> }> {
  const opened: OpenedDoor[] = []
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    await Promise.all(closers.map((each) => each()))
    await Promise.all(opened.map((each) => each.close()))
  }
  try {
    const addresses: ProxiedAddress[] = []
    const names = request.doors.length > 0 ? request.doors : [undefined]
    for (const [index, name] of names.entries()) {
      const { certificateAuthority, insecure } = request
      const door = await openKeptDoor(env, {
        certificateAuthority,
        insecure,
        ...(name === undefined
          ? { url: request.url }
          : name.includes('://')
            ? { url: name }
            : { door: name }),
      })
      opened.push(door)
      // A door that cannot be opened is said now, not at the first request.
      await door.session.pass()
      const port = request.port === 0 ? 0 : request.port + index
      const proxy = await startProxy({
        door: proxied(door, await placeOf(door, request)),
        listen: request.socket === undefined ? { port } : { socket: request.socket },
        secret: request.secret,
      })
      closers.push(() => proxy.close())
      addresses.push({ door: door.name, doorUrl: door.url.href, url: proxy.url })
    }
    return { addresses, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What every request of a proxy is asked with, over that of its client. */
async function placeOf(door: OpenedDoor, { host, model }: ProxyRequest): Promise<Place> {
  if (model === undefined) return { ...(host !== undefined && { host }) }
  const [namespace = '', name = ''] = model.split('/')
  const { fetch, agent, session, url } = door
  const at = { fetch, agent, session, door: url }
  const route = await createKserve(at, { namespace, name, ...(host !== undefined && { host }) }).route()
  return { path: route.path, ...(route.host !== undefined && { host: route.host }) }
}
