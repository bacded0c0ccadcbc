import { type Agent, createAgent, proxyFor, readCertificateAuthority } from '../../client/index.ts'
import { runningDoors } from '../control.ts'
import type { Environment } from './folders.ts'
import type { KeptDoor } from './kept-doors.ts'

/** How to get to a door: the settings of `product.md` that every command has which calls one. */
export interface ReachOptions {
  /** `--certificate-authority`: a file. */
  readonly certificateAuthority?: string
  /** `--insecure-skip-tls-verify`: for this call only, and loud. */
  readonly insecure?: boolean
}

/**
 * What is trusted at a door, as PEM: the file named now, else that of a door that runs on this machine (its
 * record lies in a folder only we may write, and it may have a new CA since yesterday), else the one
 * remembered for the door, else `SSL_CERT_FILE`.
 * Undefined = what the system and Node trust.
 */
export function authorityFor(
  env: Environment,
  url: URL,
  options: ReachOptions,
  kept?: Pick<KeptDoor, 'certificateAuthority'>,
): string | undefined {
  const named = options.certificateAuthority ?? (env.KFDOOR_CERTIFICATE_AUTHORITY || undefined)
  if (named !== undefined) return readCertificateAuthority(named)
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) ? runningDoors(env) : []
  const own = here.find(
    (door) =>
      door.caFile !== null && [door.url, door.httpUrl].some((one) => portOf(one) === portOf(url.href)),
  )
  if (own?.caFile) return readCertificateAuthority(own.caFile)
  if (kept?.certificateAuthority !== undefined) return kept.certificateAuthority
  return env.SSL_CERT_FILE ? readCertificateAuthority(env.SSL_CERT_FILE) : undefined
}

const portOf = (text: string) => {
  const url = new URL(text)
  return url.port || (url.protocol === 'https:' ? '443' : '80')
}

export function agentFor(
  env: Environment,
  url: URL,
  options: ReachOptions,
  kept?: Pick<KeptDoor, 'certificateAuthority'>,
): Agent {
  return createAgent({
    env,
    clock: Date.now,
    ca: options.insecure ? undefined : authorityFor(env, url, options, kept),
    insecure: options.insecure,
  })
}

/** The proxy that leads to somebody who is not the door, as the environment has it. */
export function onwardProxy(env: Environment, host: string, port: number): URL | undefined {
  const literal = host.includes(':') ? `[${host}]` : host
  return proxyFor(new URL(`https://${literal}:${port}`), env)
}
