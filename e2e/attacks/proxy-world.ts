import { createAgent, createDoorSession, memoryStore, startProxy } from '../../src/client/index.ts'
import type { Seen, World } from './world.ts'

/** What is added to a world for attacks on `kfdoor proxy`. */
export interface ProxySide {
  /** The credential the proxy adds, which no answer may hold. */
  readonly token: string
}

/**
 * The local proxy of the command line before a door that records what reaches it. It runs without the
 * secret in its address, so that each attack meets the other defences alone.
 */
export async function withProxy(
  base: World,
  door: { readonly port: number; readonly seen: Seen[] },
): Promise<World> {
  const url = new URL(`http://127.0.0.1:${door.port}`)
  const agent = createAgent({ clock: base.now })
  const token = await base.issuers.sign({
    iss: 'https://door.test/dex',
    aud: 'kfdoor',
    sub: 'user',
    exp: 4e9,
  })
  const lines: string[] = []
  const session = createDoorSession({
    door: url,
    name: 'attacked',
    store: memoryStore({ kind: 'token', token }),
    renew: async () => undefined,
    readToken: async () => ({ text: '', changedAt: 0 }),
    clock: base.now,
  })
  const proxy = await startProxy({
    door: { url, name: 'attacked', agent, session, host: url.host, base: '' },
    listen: { port: 0 },
    secret: false,
    observe: (one) => lines.push(JSON.stringify(one)),
  })
  const baseLog = base.log
  return {
    ...base,
    setup: 'cli-proxy',
    port: Number(new URL(proxy.address).port),
    seen: door.seen,
    proxied: { token },
    log: async () => `${await baseLog()}${lines.join('\n')}`,
    close: async () => {
      await proxy.close()
      await agent.close()
      await base.close()
    },
  }
}
