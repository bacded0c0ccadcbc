import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateFolder } from './state.ts'

/**
 * How `kfdoor token` speaks to a running `kfdoor up`: one JSON line there, one JSON line back, over
 * a Unix socket in a folder only its owner may enter. There is no HTTP route that mints anything.
 */
export interface ControlRequest {
  /** `decisions` keeps the connection, sends `{"following":true}`, then one line for each, until either side ends it. */
  readonly do: 'service-account-token' | 'session' | 'sessions' | 'sign-out' | 'decisions'
  readonly namespace?: string
  readonly name?: string
  readonly audiences?: readonly string[]
  readonly durationSeconds?: number
  readonly user?: string
  readonly groups?: readonly string[]
}
export type ControlAnswer =
  | { readonly ok: true; readonly [field: string]: unknown }
  | { readonly ok: false; readonly error: string }

/** A door that runs here, as it registered itself. Nothing in it is secret. */
export interface RunningDoor {
  readonly pid: number
  readonly url: string
  readonly httpUrl: string
  readonly caFile: string | null
  readonly profile: string
  readonly state: string
  readonly socket: string
}

const longestLine = 64 * 1024

type Environment = Readonly<Record<string, string | undefined>>

/** `$XDG_RUNTIME_DIR/kfdoor`, else a private folder in the temporary one. */
export function runtimeFolder(env: Environment): string {
  if (env.XDG_RUNTIME_DIR && existsSync(env.XDG_RUNTIME_DIR)) return join(env.XDG_RUNTIME_DIR, 'kfdoor')
  return join(tmpdir(), `kfdoor-${process.getuid?.() ?? homedir().replace(/\W/g, '_')}`)
}

/** Listens for requests and makes the door findable; `close` undoes both. */
export async function listenForControl(
  env: Environment,
  door: Omit<RunningDoor, 'pid' | 'socket'>,
  answer: (request: ControlRequest) => Promise<ControlAnswer>,
  follow?: (take: (decision: unknown) => void) => () => void,
): Promise<{ close(): void }> {
  const folder = runtimeFolder(env)
  privateFolder(folder)
  const socket = join(folder, `${process.pid}-${Math.floor(performance.now()).toString(36)}.sock`)
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = ''
    connection.setEncoding('utf8')
    connection.on('error', () => connection.destroy())
    connection.on('data', (part: string) => {
      text += part
      if (text.length > longestLine) return connection.destroy()
      const end = text.indexOf('\n')
      if (end < 0) return
      connection.removeAllListeners('data')
      const line = text.slice(0, end)
      if (follow && /"decisions"/.test(line)) {
        const stop = follow((decision) => {
          // Who does not read is let go: the door waits for nobody.
          if (connection.writableLength > longestLine) connection.destroy()
          else connection.write(`${JSON.stringify(decision)}\n`)
        })
        connection.write(`${JSON.stringify({ following: true })}\n`)
        connection.on('close', stop)
        connection.on('end', () => connection.end())
        return
      }
      // A request that is not JSON, or a failure inside, is an answer too: the socket stays useful.
      Promise.resolve()
        .then(() => answer(JSON.parse(line) as ControlRequest))
        .catch((error: unknown) => ({
          ok: false,
          error: error instanceof Error ? error.message : String(error),
        }))
        .then((reply) => connection.end(`${JSON.stringify(reply)}\n`))
    })
  })
  await listen(server, socket)
  chmodSync(socket, 0o600)
  const record = socket.replace(/sock$/, 'json')
  const running: RunningDoor = { pid: process.pid, socket, ...door }
  writeFileSync(record, JSON.stringify(running), { mode: 0o600 })
  const forget = () => {
    rmSync(record, { force: true })
    rmSync(socket, { force: true })
  }
  return {
    close: () => {
      server.close()
      forget()
    },
  }
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen(socket, () => done())
  })
}

/** Every door that runs here; records of doors that were killed are swept away. */
export function runningDoors(env: Environment): readonly RunningDoor[] {
  const folder = runtimeFolder(env)
  if (!existsSync(folder)) return []
  privateFolder(folder)
  const found: RunningDoor[] = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const path = join(folder, file)
    try {
      const door = JSON.parse(readFileSync(path, 'utf8')) as RunningDoor
      if (isAlive(door.pid)) found.push(door)
      else {
        rmSync(door.socket, { force: true })
        rmSync(path, { force: true })
      }
    } catch {
      // Half-written or foreign: not a door.
    }
  }
  return found
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Asks a running door. Rejects with the socket's error when it is gone. */
export function askDoor(door: RunningDoor, request: ControlRequest): Promise<ControlAnswer> {
  return new Promise((done, failed) => {
    const connection = createConnection(door.socket)
    let text = ''
    connection.setEncoding('utf8')
    connection.on('error', failed)
    connection.on('data', (part: string) => {
      text += part
    })
    connection.on('end', () => {
      connection.end()
      try {
        done(JSON.parse(text) as ControlAnswer)
      } catch (error) {
        failed(error)
      }
    })
    connection.write(`${JSON.stringify(request)}\n`)
  })
}

/**
 * Each decision of a running door as it is made; resolves when the door or `signal` ends it.
 *
 * @param following called once the door listens: decisions from then on are not missed
 */
export function followDoor(
  door: RunningDoor,
  take: (decision: unknown) => void,
  signal: AbortSignal,
  following: () => void = () => {},
): Promise<void> {
  return new Promise((done, failed) => {
    const connection = createConnection(door.socket)
    let text = ''
    connection.setEncoding('utf8')
    connection.on('error', failed)
    connection.on('close', () => done())
    connection.on('data', (part: string) => {
      text += part
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const said = JSON.parse(line) as { readonly following?: unknown }
        if (said.following === true) following()
        else take(said)
      }
    })
    signal.addEventListener('abort', () => connection.destroy())
    connection.write(`${JSON.stringify({ do: 'decisions' } satisfies ControlRequest)}\n`)
  })
}
