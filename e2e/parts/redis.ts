import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debian } from './debian.ts'
import { freePort, type Neighbour, startNeighbour } from './process.ts'

/** A Redis on loopback with a folder of its own; it may be stopped and started again on its port. */
export interface Redis {
  readonly port: number
  readonly pid: () => number
  start(): Promise<void>
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Stops it and removes its folder. */
  close(): Promise<void>
}

export interface RedisServerOptions {
  /** Everything it confirmed is on disk: `appendfsync always`. */
  readonly persistent?: boolean
  readonly password?: string
  /** PEM texts; it then speaks TLS only. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** More lines of redis.conf. */
  readonly lines?: readonly string[]
  /** Runs as a sentinel. */
  readonly sentinel?: boolean
}

/** Debian's redis-server: the one installed, or one unpacked into the cache. */
export async function startRedis(options: RedisServerOptions = {}): Promise<Redis> {
  const { root, env } = await debian(['redis-server'], 'usr/bin/redis-server')
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-redis-'))
  const port = await freePort()
  const { tls, password } = options
  for (const [name, text] of Object.entries(tls ?? {}))
    writeFileSync(join(folder, `${name}.pem`), text, { mode: 0o600 })
  const config = join(folder, 'redis.conf')
  const lines = [
    'bind 127.0.0.1',
    `dir ${folder}`,
    ...(tls
      ? [
          'port 0',
          `tls-port ${port}`,
          `tls-cert-file ${folder}/cert.pem`,
          `tls-key-file ${folder}/key.pem`,
          `tls-ca-cert-file ${folder}/ca.pem`,
          'tls-auth-clients no',
        ]
      : [`port ${port}`]),
    ...(options.sentinel ? [] : ['save ""']),
    ...(options.persistent ? ['appendonly yes', 'appendfsync always'] : []),
    ...(password ? [`requirepass ${password}`] : []),
    ...(options.lines ?? []),
  ]
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 })
  let running: Neighbour | undefined
  const start = async () => {
    running = await startNeighbour(
      join(root, 'usr/bin/redis-server'),
      [config, ...(options.sentinel ? ['--sentinel'] : [])],
      {
        env,
        // It answers a PING before it has read its file, with `-LOADING`.
        ready: async () => tls !== undefined || /PONG|NOAUTH/.test(await tell(port, 'PING')),
      },
    )
  }
  await start()
  return {
    port,
    pid: () => running?.pid ?? 0,
    start,
    stop: async (signal) => running?.stop(signal),
    async close() {
      // Stopped with SIGSTOP, it hears nothing else.
      try {
        if (running) process.kill(running.pid, 'SIGCONT')
      } catch {
        // It is gone already.
      }
      await running?.stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** One command, and the first piece of the answer. */
export function tell(port: number, command: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')))
    socket.once('error', failed).once('connect', () => socket.write(`${command}\r\n`))
    socket.once('data', (data) => {
      socket.destroy()
      done(data.toString())
    })
  })
}

/** A cluster of three masters. */
export async function startRedisCluster(): Promise<{
  readonly nodes: readonly Redis[]
  close(): Promise<void>
}> {
  const nodes = await Promise.all(
    [0, 1, 2].map(() =>
      startRedis({ lines: ['cluster-enabled yes', 'cluster-node-timeout 2000', 'cluster-port 0'] }),
    ),
  )
  const close = async () => void (await Promise.all(nodes.map((node) => node.close())))
  try {
    const size = 16_384 / nodes.length
    for (const [index, { port }] of nodes.entries()) {
      const [from, to] = [Math.ceil(index * size), Math.ceil((index + 1) * size) - 1]
      const added = await tell(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}`)
      if (!added.startsWith('+OK')) throw new Error(added)
      if (index > 0) await tell(nodes[0]?.port ?? 0, `CLUSTER MEET 127.0.0.1 ${port}`)
    }
    const until = Date.now() + 30_000
    const whole = async () => {
      const said = await Promise.all(nodes.map(({ port }) => tell(port, 'CLUSTER INFO')))
      return said.every((text) => text.includes('cluster_state:ok') && text.includes('cluster_known_nodes:3'))
    }
    while (!(await whole())) {
      if (Date.now() > until) throw new Error('the cluster does not come together')
      await new Promise((later) => setTimeout(later, 100))
    }
  } catch (error) {
    await close()
    throw error
  }
  return { nodes, close }
}

/** A master with a replica, and one sentinel that decides alone. */
export async function startSentinels(password: string): Promise<{
  readonly master: Redis
  readonly replica: Redis
  readonly sentinel: Redis
  close(): Promise<void>
}> {
  const auth = [`masterauth ${password}`]
  const master = await startRedis({ password, lines: auth })
  const replica = await startRedis({ password, lines: [...auth, `replicaof 127.0.0.1 ${master.port}`] })
  const sentinel = await startRedis({
    sentinel: true,
    lines: [
      `sentinel monitor door 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass door ${password}`,
      'sentinel down-after-milliseconds door 500',
      'sentinel failover-timeout door 5000',
    ],
  })
  const all = [sentinel, replica, master]
  const until = Date.now() + 30_000
  while (!/num-slaves\r\n\$1\r\n1\r\n/.test(await tell(sentinel.port, 'SENTINEL MASTER door'))) {
    if (Date.now() > until) throw new Error('the sentinel does not see the replica')
    await new Promise((later) => setTimeout(later, 100))
  }
  return {
    master,
    replica,
    sentinel,
    close: async () => {
      for (const one of all) await one.close()
    },
  }
}
