import type { ProxiedDoor } from '../../client/index.ts'
import type { OpenedDoor } from './open-door.ts'

/** An opened door as the local proxy takes it; `host` = another Host than its own, for a model. */
export function proxied(door: OpenedDoor, host = door.url.host): ProxiedDoor {
  const { url, name, agent, session } = door
  return { url, name, agent, session, host, base: url.pathname.replace(/\/+$/, '') }
}
