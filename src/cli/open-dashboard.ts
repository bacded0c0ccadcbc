import { Fault } from '../base/index.ts'
import { type DoorOptions, reachOf } from './door-options.ts'
import type { Io } from './io.ts'
import { openBrowser } from './open-browser.ts'

interface OpenOptions extends DoorOptions {
  readonly url?: string
  readonly proxy?: boolean
  readonly print?: boolean
}

/**
 * Shows a page of a door in the browser: there, or through the local proxy for as long as it runs.
 *
 * @throws Fault ERR_DOOR_UNKNOWN, ERR_USAGE, and those of opening a door
 */
export async function openDashboard(io: Io, path: string, options: OpenOptions): Promise<void> {
  const { whichDoor } = await import('../compose/doors/open-door.ts')
  const { kept, url } = whichDoor(io.env, options)
  if (!url) {
    throw new Fault('ERR_USAGE', {
      message: 'which door?',
      next: 'sign in with `kfdoor login URL`, or give `--url`',
    })
  }
  if (!path.startsWith('/')) {
    throw new Fault('ERR_USAGE', { message: `\`${path}\` is no path`, next: 'write it as `/pipeline/`' })
  }
  const base = url.pathname.replace(/\/+$/, '')
  const reason = options.proxy ? 'asked for' : options.print ? undefined : await needsProxy(io, kept)
  if (reason === undefined) return show(io, `${url.origin}${base}${path}`, options)

  const { runProxies } = await import('../compose/doors/run-proxy.ts')
  const { askedToStop } = await import('../compose/asked-to-stop.ts')
  const { certificateAuthority, insecure } = reachOf(io, options)
  const running = await runProxies(io.env, {
    doors: options.door === undefined ? [] : [options.door],
    ...(options.url !== undefined && { url: options.url }),
    port: 0,
    // Pages of the dashboard name each other by absolute paths; on Linux only this user gets through.
    secret: false,
    certificateAuthority,
    insecure,
  })
  const stopped = askedToStop(() => running.close())
  const [address] = running.addresses
  show(io, `${address?.url}${path}`, options)
  const others = process.platform === 'linux' ? '' : ', and every program of this machine gets through it'
  io.err(`through the local proxy (${reason})${others}; Ctrl-C ends it`)
  await stopped
}

/** Why the browser would not get in by itself; undefined = it would. */
async function needsProxy(
  io: Io,
  kept: { readonly name: string; readonly certificateAuthority?: string } | undefined,
): Promise<string | undefined> {
  const { KFDOOR_TOKEN, KFDOOR_TOKEN_FILE, KFDOOR_COOKIE } = io.env
  if (KFDOOR_TOKEN || KFDOOR_TOKEN_FILE || KFDOOR_COOKIE) return 'your credential is not the browser’s'
  if (!kept) return undefined
  if (kept.certificateAuthority !== undefined) return 'the door’s CA is not the browser’s'
  const { readKeptStatus } = await import('../compose/doors/status.ts')
  const kind = (await readKeptStatus(io.env, kept.name, Date.now()))?.credential?.kind
  return kind === undefined || kind === 'session' || kind === 'none' ? undefined : 'a browser sends no token'
}

function show(io: Io, address: string, { print }: OpenOptions): void {
  io.out(address)
  if (!print && !openBrowser(address, io.env)) io.err('there is no browser here; open the address in one')
}
