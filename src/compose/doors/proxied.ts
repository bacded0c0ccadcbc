import type { ProxiedDoor } from '../../client/index.ts'
import type { OpenedDoor } from './open-door.ts'

/** Another place of a door than its root: a model's Host, or its path. */
export interface Place {
  readonly host?: string
  readonly path?: string
}

/** An opened door as the local proxy takes it. */
export function proxied(door: OpenedDoor, { host = door.url.host, path = '' }: Place = {}): ProxiedDoor {
  const { url, name, agent, session } = door
  return { url, name, agent, session, host, base: `${url.pathname.replace(/\/+$/, '')}${path}` }
}
