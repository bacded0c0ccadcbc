import { readFile } from 'node:fs/promises'
import type { Client } from 'ldapts'
import type { LdapConfig } from '../config.ts'

/** Below the deadline of a whole sign-in, so that it can say which step it was. */
const [CONNECT_MS, OPERATION_MS] = [2000, 3000] as const

/** Dex's reading of `host`: without a port it is 389 for plain LDAP and 636 otherwise. */
export function ldapUrl(config: Pick<LdapConfig, 'host' | 'insecureNoSsl' | 'startTls'>): string {
  const scheme = config.insecureNoSsl || config.startTls ? 'ldap' : 'ldaps'
  const hasPort = /^(\[[^\]]*\]|[^:]*):\d+$/.test(config.host)
  const bare =
    config.host.includes(':') && !config.host.startsWith('[') && !hasPort ? `[${config.host}]` : config.host
  return `${scheme}://${hasPort ? config.host : `${bare}:${config.insecureNoSsl ? 389 : 636}`}`
}

/** A client that has not connected yet; it does so with its first operation. */
export async function connect(config: LdapConfig): Promise<Client> {
  const { Client } = await import('ldapts')
  const url = ldapUrl(config)
  return new Client({
    url,
    connectTimeout: CONNECT_MS,
    timeout: OPERATION_MS,
    // Directories use DNs no RFC would recognise; they come from the directory itself.
    strictDN: false,
    ...(url.startsWith('ldaps:') ? { tlsOptions: await tlsOptions(config) } : {}),
  })
}

export async function tlsOptions(config: LdapConfig) {
  const ca =
    config.rootCaData ?? (config.rootCa === undefined ? undefined : await readFile(config.rootCa, 'utf8'))
  const { hostname } = new URL(ldapUrl(config).replace(/^ldaps?:/, 'http:'))
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    // An IP address is no server name (RFC 6066 §3); the certificate is checked against it anyway.
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    rejectUnauthorized: !config.insecureSkipVerify,
    ...(ca === undefined ? {} : { ca }),
    ...(config.clientCert === undefined || config.clientKey === undefined
      ? {}
      : { cert: await readFile(config.clientCert, 'utf8'), key: await readFile(config.clientKey, 'utf8') }),
  }
}

/** Whether the directory takes the password. Throws for every other answer. */
export async function bindAs(client: Client, dn: string, password: string): Promise<boolean> {
  const { ConstraintViolationError, InvalidCredentialsError } = await import('ldapts')
  try {
    await client.bind(dn, password)
    return true
  } catch (error) {
    // The second is what password policies answer for a locked account.
    if (error instanceof InvalidCredentialsError || error instanceof ConstraintViolationError) return false
    throw error
  }
}

/** `(&CONFIGURED(attribute=value))`, the value as bytes: it is never part of filter text. */
export async function filterOf(configured: string, attribute: string, value: string) {
  const { AndFilter, EqualityFilter, FilterParser } = await import('ldapts')
  const wanted = new EqualityFilter({ attribute, value: Buffer.from(value) })
  return configured === ''
    ? wanted
    : new AndFilter({ filters: [FilterParser.parseString(configured), wanted] })
}
