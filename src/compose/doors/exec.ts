import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { withoutOwnSecrets } from '../../base/index.ts'
import { isLoopback, type Observed, startInterceptor, startProxy } from '../../client/index.ts'
import type { Environment } from './folders.ts'
import { writeKfpContext } from './kfp-context.ts'
import { openKeptDoor, type WhichKeptDoor } from './open-door.ts'
import { proxied } from './proxied.ts'
import { authorityFor, onwardProxy, type ReachOptions } from './reach.ts'
import { makeTrustBundle } from './trust-bundle.ts'

export interface ExecRequest extends WhichKeptDoor, ReachOptions {
  readonly command: string
  readonly words: readonly string[] | ((variables: Readonly<Record<string, string>>) => readonly string[])
  /** The namespace one owns is in kfp's own file for the run. */
  readonly kfpContext?: boolean
  /** Called with every request that went through, and given the last words of the command. */
  readonly observe?: (seen: Observed) => void
  /** The command's output is passed on and its end is kept, for whoever explains a failure. */
  readonly keepOutput?: boolean
}

export interface ExecResult {
  /** The command's own code; 128 + N after signal N; 127 = not found, 126 = cannot be run. */
  readonly code: number
  /** false = there was no such command, or it could not be run. */
  readonly started: boolean
  /** The last 16 KiB the command wrote. */
  readonly output: string
  readonly door: URL
}

/** Bytes of output that are kept. */
const KEPT = 16 * 1024

/**
 * Runs a command with a proxy of its own for that run. The child gets addresses and files to trust, and
 * no cookie, token or password; ours are taken out of its environment.
 */
export async function execAtDoor(env: Environment, request: ExecRequest): Promise<ExecResult> {
  const door = await openKeptDoor(env, request)
  const closers: (() => unknown)[] = [() => door.close()]
  try {
    await door.session.pass()
    const observe = request.observe && { observe: request.observe }
    const proxy = await startProxy({ door: proxied(door), listen: { port: 0 }, secret: true, ...observe })
    closers.push(() => proxy.close())
    const interceptor = await startInterceptor({
      door: proxied(door),
      onward: (host, port) => onwardProxy(env, host, port),
      ...observe,
    })
    closers.push(() => interceptor.close())
    const authority = request.insecure ? undefined : authorityFor(env, door.url, request, door.kept)
    const trust = await makeTrustBundle(
      env,
      [...(authority === undefined ? [] : [authority]), interceptor.caPem],
      request.command,
    )
    closers.push(() => trust.remove())
    if (request.kfpContext) closers.push(await writeKfpContext(env, door))
    const variables = {
      ...trust.variables,
      KFDOOR_URL: proxy.url,
      KF_PIPELINES_ENDPOINT: `${proxy.url}/pipeline`,
      HTTPS_PROXY: interceptor.url,
      https_proxy: interceptor.url,
      ...(door.url.protocol === 'http:' && { HTTP_PROXY: interceptor.url, http_proxy: interceptor.url }),
      ...noProxy(env, door.url),
    }
    const words = typeof request.words === 'function' ? request.words(variables) : request.words
    const ended = await runChild(
      request.command,
      words,
      { ...withoutOwnSecrets(env), ...variables },
      request.keepOutput,
    )
    return { ...ended, door: door.url }
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

/**
 * What is reached without a proxy: as before, but not the door itself. A plain door's proxy is asked for
 * by `http:` too, and this run's own address must not be asked for through it.
 */
function noProxy(env: Environment, door: URL): Record<string, string> {
  const before = (env.NO_PROXY ?? env.no_proxy ?? '').split(',').map((entry) => entry.trim())
  const kept = before.filter((entry) => entry !== '' && !reachesPast(entry, door))
  const plain = door.protocol === 'http:' && !isLoopback(door.hostname)
  const value = [...kept, ...(plain ? ['127.0.0.1', 'localhost', '[::1]'] : [])].join(',')
  return { NO_PROXY: value, no_proxy: value }
}

/** Whether an entry of NO_PROXY would keep the door from being asked through this run's proxy. */
function reachesPast(entry: string, door: URL): boolean {
  const name = entry
    .replace(/:\d+$/, '')
    .replace(/^\*?\./, '')
    .toLowerCase()
  const host = door.hostname.toLowerCase()
  return name === '*' || host === name || host.endsWith(`.${name}`)
}

function runChild(
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  keep = false,
): Promise<Omit<ExecResult, 'door'>> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, words, { env, stdio: keep ? ['inherit', 'pipe', 'pipe'] : 'inherit' })
    const pass = (from: NodeJS.ReadableStream | null, to: NodeJS.WriteStream) =>
      from?.on('data', (part: Buffer) => {
        to.write(part)
        output = (output + part.toString('utf8')).slice(-KEPT)
      })
    pass(child.stdout, process.stdout)
    pass(child.stderr, process.stderr)
    // The terminal sends Ctrl-C to both; what we are sent alone goes on to the child.
    const hand = (signal: NodeJS.Signals) => child.kill(signal)
    const ignore = () => {}
    process.on('SIGTERM', hand)
    process.on('SIGHUP', hand)
    process.on('SIGINT', ignore)
    const done = (code: number, started = true) => {
      process.off('SIGTERM', hand)
      process.off('SIGHUP', hand)
      process.off('SIGINT', ignore)
      resolve({ code, started, output })
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      process.stderr.write(
        `kfdoor: cannot run \`${command}\`: ${error.code === 'ENOENT' ? 'there is no such command' : error.message}\n`,
      )
      done(error.code === 'ENOENT' ? 127 : 126, false)
    })
    child.once('close', (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
