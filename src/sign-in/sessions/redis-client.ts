import { createRequire } from 'node:module'
import type { createClient as CreateClient } from '@redis/client'
import type { RedisOptions } from './redis-options.ts'

/** Loaded by whoever keeps sessions there: every command comes by here, and it takes a tenth of a second. */
const load = (): typeof import('@redis/client') => createRequire(import.meta.url)('@redis/client')

export interface RedisClient {
  connect(): Promise<unknown>
  send(key: string, command: readonly string[]): Promise<unknown>
  hear(channel: string, heard: (message: string) => void): Promise<unknown>
  /** False while the line is down; a cluster does not say. */
  isUp(): boolean
  /** True when it will not come back by itself. */
  isOver(): boolean
  on(event: ClientEvent, listener: (error: unknown) => void): void
  destroy(): unknown
}

type ClientEvent = 'error' | 'reconnecting' | 'end'

const LONGEST_PAUSE = 1000

/** Redis answered, and the answer is an error. */
export const isAnswer = (error: unknown) => error instanceof Error && /^[A-Z]+ /.test(error.message)

/** A line to what the options name, not yet connected. It retries by itself, except under sentinels. */
export function createRedisClient(options: RedisOptions): RedisClient {
  const { createClient, createCluster } = load()
  const { nodes, tls, timeoutMs, username, database } = options
  const reconnectStrategy = (retries: number) => Math.min(50 * 2 ** Math.min(retries, 5), LONGEST_PAUSE)
  const secure = tls && {
    tls: true as const,
    minVersion: 'TLSv1.2' as const,
    ...(tls.ca && { ca: tls.ca }),
    ...(tls.cert && { cert: tls.cert }),
    ...(tls.key && { key: tls.key }),
    ...(tls.serverName && { servername: tls.serverName }),
  }
  const credentials = (password: (() => string | undefined) | undefined) =>
    password && {
      credentialsProvider: {
        type: 'async-credentials-provider' as const,
        credentials: async () => ({ ...(username && { username }), password: password() }),
      },
    }
  const common = {
    socket: { connectTimeout: Math.max(timeoutMs, 1000), reconnectStrategy, ...secure },
    // Whoever asks while the line is down is told so, and not kept waiting.
    disableOfflineQueue: true,
    // Whoever asks has a timer of his own; the client's is an AbortSignal for each command, which takes longer than asking.
    commandOptions: { timeout: 0 },
    name: 'kfdoor',
    ...credentials(options.password),
    ...(database > 0 && { database }),
  }
  if (options.mode === 'sentinel')
    return createWatched(options, common, credentials(options.sentinelPassword))
  if (options.mode === 'cluster') {
    const cluster = createCluster({
      rootNodes: nodes.map(({ host, port }) => ({ ...common, socket: { ...common.socket, host, port } })),
      defaults: common,
      commandOptions: common.commandOptions,
    })
    return {
      connect: () => cluster.connect(),
      send: (key, command) => cluster.sendCommand(key, false, [...command]),
      hear: (channel, heard) => cluster.subscribe(channel, heard),
      isUp: () => true,
      isOver: () => false,
      on: (event, listener) => void cluster.on(event, listener),
      destroy: () => cluster.destroy(),
    }
  }
  const [node] = nodes
  const one = createClient({ ...common, socket: { ...common.socket, host: node?.host, port: node?.port } })
  return {
    connect: () => one.connect(),
    send: (_key, command) => one.sendCommand(command),
    // RESP3 carries what is heard and what is answered on one line.
    hear: (channel, heard) => one.subscribe(channel, heard),
    isUp: () => one.isReady,
    isOver: () => false,
    on: (event, listener) => void one.on(event, listener),
    destroy: () => one.destroy(),
  }
}

type ClientOptions = NonNullable<Parameters<typeof CreateClient>[0]>

/**
 * The master that the sentinels name, on one line. When that breaks, or the server is a master no
 * more, it is over: whoever holds it asks the sentinels anew (Redis, Sentinel clients guidelines).
 */
function createWatched(
  options: RedisOptions,
  common: ClientOptions,
  watchers: ClientOptions | undefined,
): RedisClient {
  const { createClient } = load()
  const socket = { ...common.socket, reconnectStrategy: false as const }
  const listeners: [ClientEvent, (error: unknown) => void][] = []
  let master: ReturnType<typeof CreateClient> | undefined
  let over = false
  const tellAll = (event: ClientEvent, error?: unknown) => {
    for (const [name, listener] of listeners) if (name === event) listener(error)
  }
  const end = () => {
    over = true
    tellAll('end')
  }
  /** Where one of the sentinels says the master is; the last one's trouble when none does. */
  const find = async (): Promise<{ host: string; port: number }> => {
    let trouble: unknown = new Error('no sentinel knows the master')
    for (const { host, port } of options.nodes) {
      const sentinel = createClient({
        ...watchers,
        socket: { ...socket, host, port } as ClientOptions['socket'],
      })
      sentinel.on('error', () => {})
      try {
        await sentinel.connect()
        const told = await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', options.master ?? ''])
        if (Array.isArray(told)) return { host: String(told[0]), port: Number(told[1]) }
      } catch (error) {
        trouble = error
      } finally {
        if (sentinel.isOpen) sentinel.destroy()
      }
    }
    throw trouble
  }
  return {
    async connect() {
      const { host, port } = await find()
      if (over) throw new Error('it was given up')
      const found = createClient({ ...common, socket: { ...socket, host, port } as ClientOptions['socket'] })
      master = found
      found.on('error', (error) => tellAll('error', error)).on('end', end)
      await found.connect()
      const role = await found.sendCommand(['ROLE'])
      if (!Array.isArray(role) || role[0] !== 'master')
        throw new Error('what the sentinels name is no master')
    },
    async send(_key, command) {
      if (!master) throw new Error('not connected')
      try {
        return await master.sendCommand(command)
      } catch (error) {
        if (isAnswer(error) && /^(READONLY|MASTERDOWN|LOADING) /.test((error as Error).message)) end()
        throw error
      }
    },
    hear: async (channel, heard) => master?.subscribe(channel, heard),
    isUp: () => !over && (master?.isReady ?? false),
    isOver: () => over || (master !== undefined && !master.isOpen),
    on: (event, listener) => void listeners.push([event, listener]),
    destroy: () => {
      over = true
      if (master?.isOpen) master.destroy()
    },
  }
}
