import 'reflect-metadata'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { byTheReport, type Made, type Odd, odd, rootUsages } from './odd-certificates.ts'

/** A server that shows `chain` with `keyPem`, asked for as `host` by clients that trust `ca`. */
export interface OddRow {
  readonly id: string
  readonly host: string
  readonly chain: readonly string[]
  readonly keyPem: string
  readonly ca: string
  /** The clients would have to be told something else than the rest: `ca` is not given to the browser. */
  readonly strangers?: true
}

const { ExtendedKeyUsage, KeyUsageFlags } = x509
const dns = (value: string): x509.JsonGeneralName[] => [{ type: 'dns', value }]
const ip = (value: string): x509.JsonGeneralName[] => [{ type: 'ip', value }]

/** Every rule of `src/pki/clients` has a row here, and so has what clients are expected to take. */
export async function oddRows(folder: string): Promise<readonly OddRow[]> {
  const rows: OddRow[] = []
  const root = await odd({ subject: 'CN=odd root' })
  const authority = (subject: string, row: Odd = {}, by: Made = root) =>
    odd({ subject: `CN=${subject}`, basic: { ca: true }, ...row }, by)
  const leaf = async (
    id: string,
    row: Odd,
    {
      by = root,
      sent = [],
      ca = root,
      host = `${id}.door.test`,
      strangers,
    }: { by?: Made; sent?: readonly Made[]; ca?: Made; host?: string; strangers?: true } = {},
  ) => {
    const made = await odd({ subject: `CN=${host}`, names: dns(host), ...row }, by)
    rows.push({
      id,
      host,
      chain: [made.pem, ...sent.map(({ pem }) => pem)],
      keyPem: made.keyPem,
      ca: ca.pem,
      ...(strangers && { strangers }),
    })
  }
  const serverOnly = [ExtendedKeyUsage.serverAuth]

  await leaf('as-it-should-be', {})
  const report = byTheReport(folder, 'localhost')
  rows.push({
    id: 'the-report',
    host: 'localhost',
    chain: [report.pem],
    keyPem: report.keyPem,
    ca: report.ca,
  })

  // Names.
  await leaf('no-san', { names: undefined })
  await leaf('no-san-address', { subject: 'CN=127.0.0.1', names: undefined }, { host: '127.0.0.1' })
  await leaf('address', { names: ip('127.0.0.1') }, { host: '127.0.0.1' })
  await leaf('address-as-dns', { names: dns('127.0.0.1') }, { host: '127.0.0.1' })
  await leaf('address-and-cn', { names: ip('10.1.2.3') })
  await leaf('other-name', { names: dns('elsewhere.test') })
  await leaf('wildcard', { names: dns('*.door.test') })
  await leaf('wildcard-two-labels', { names: dns('*.door.test') }, { host: 'a.b.door.test' })
  await leaf('wildcard-itself', { names: dns('*.door.test') }, { host: 'door.test' })
  await leaf('wildcard-below-tld', { names: dns('*.test') }, { host: 'x.test' })
  await leaf('wildcard-alone', { names: dns('*') }, { host: 'x.test' })
  await leaf('wildcard-part', { names: dns('wild*.door.test') }, { host: 'wildx.door.test' })
  await leaf('wildcard-localhost', { names: dns('*.localhost') }, { host: 'a.localhost' })
  await leaf('capitals', { names: dns('CAPITALS.door.test') }, { host: 'capitals.door.test' })
  await leaf('underscore', { names: dns('a_b.door.test') }, { host: 'a_b.door.test' })
  await leaf('final-dot', { names: dns('final-dot.door.test.') })
  await leaf('uri-only', { names: [{ type: 'url', value: 'spiffe://cluster.local/ns/a/sa/b' }] })
  await leaf('empty-subject', { subject: '' })

  // Time and use.
  await leaf('expired', { from: -60, to: -1 })
  await leaf('not-yet', { from: 2, to: 60 })
  await leaf('ten-years', { to: 3650 })
  await leaf('client-only', { extended: [ExtendedKeyUsage.clientAuth] })
  await leaf('any-purpose', { extended: ['2.5.29.37.0'] })
  await leaf('no-purpose', { extended: null })
  await leaf('no-usage', { usages: null })
  await leaf('encipherment', { usages: KeyUsageFlags.keyEncipherment })
  await leaf('encipherment-rsa', { key: 'rsa2048', usages: KeyUsageFlags.keyEncipherment })
  await leaf('signs-certificates', { usages: rootUsages })
  await leaf('no-constraints', { basic: null, usages: KeyUsageFlags.digitalSignature, extended: serverOnly })
  await leaf('authority-as-server', { basic: { ca: true }, usages: rootUsages | 1, extended: serverOnly })
  await leaf('no-identifiers', { identifiers: false })
  await leaf('critical-unknown', { more: [new x509.Extension('1.2.3.4.5', true, bytes('0500'))] })

  // Keys and signatures.
  for (const key of ['rsa2048', 'rsa1024', 'p384', 'p521', 'ed25519'] as const) await leaf(key, { key })
  await leaf('sha1', { hash: 'SHA-1' })

  // What leads to a root.
  const between = (name: string) => authority(name, { basic: { ca: true, pathLength: 0 } })
  const i1 = await between('i1')
  await leaf('intermediate', {}, { by: i1, sent: [i1] })
  await leaf('intermediate-and-root', {}, { by: i1, sent: [i1, root] })
  await leaf('intermediate-left-out', {}, { by: await between('i2') })
  const i3 = await between('i3')
  await leaf('intermediate-trusted', {}, { by: i3, ca: i3 })
  await leaf('other-authority', {}, { by: await odd({ subject: 'CN=somebody' }), strangers: true })
  await leaf('namesake', {}, { by: await odd({ subject: 'CN=odd root' }), strangers: true })
  const notCa = await authority('no authority', { basic: { ca: false }, usages: 1, extended: null })
  await leaf('intermediate-no-authority', {}, { by: notCa, sent: [notCa] })
  const old = await authority('old', { from: -50, to: -1 })
  await leaf('intermediate-expired', {}, { by: old, sent: [old] })
  const forClients = await authority('for clients', { extended: [ExtendedKeyUsage.clientAuth] })
  await leaf('intermediate-client-only', {}, { by: forClients, sent: [forClients] })
  const short = await odd({ subject: 'CN=short', basic: { ca: true, pathLength: 0 } })
  const under = await authority('under short', {}, short)
  await leaf('path-too-long', {}, { by: under, sent: [under], ca: short })

  // Roots.
  const roots: Readonly<Record<string, Odd>> = {
    'root-without-constraints': { basic: null, usages: null, extended: null, identifiers: false },
    'root-without-usage': { usages: null },
    'root-without-signing': { usages: 1 },
    'root-no-authority': { basic: { ca: false }, usages: rootUsages, extended: null },
    'root-expired': { from: -100, to: -1 },
    'root-ed25519': { key: 'ed25519' },
    'root-p384': { key: 'p384' },
    'root-p521': { key: 'p521' },
    'root-rsa1024': { key: 'rsa1024' },
    'root-sha1': { key: 'rsa2048', hash: 'SHA-1' },
    'root-path-0': { basic: { ca: true, pathLength: 0 } },
    'root-without-identifiers': { identifiers: false },
  }
  for (const [id, row] of Object.entries(roots)) {
    const own = await odd({ subject: `CN=${id}`, ...row })
    await leaf(id, {}, { by: own, ca: own })
  }
  const limited = await odd({ subject: 'CN=limited', more: [limitedTo('allowed.test')] })
  await leaf('limits-outside', {}, { by: limited, ca: limited })
  await leaf('limits-inside', {}, { by: limited, ca: limited, host: 'a.allowed.test' })
  await leaf(
    'limits-common-name',
    { subject: 'CN=b.allowed.test', names: undefined },
    { by: limited, ca: limited, host: 'b.allowed.test' },
  )
  await leaf('limits-common-name-outside', { names: undefined }, { by: limited, ca: limited })

  // Its own root.
  const itself = async (id: string, row: Odd) => {
    const made = await odd({ subject: `CN=${id}.door.test`, names: dns(`${id}.door.test`), ...row })
    rows.push({ id, host: `${id}.door.test`, chain: [made.pem], keyPem: made.keyPem, ca: made.pem })
  }
  await itself('itself-authority', { usages: rootUsages | 1, extended: serverOnly })
  await itself('itself-root', {})
  await itself('itself-server', { basic: { ca: false }, usages: 1, extended: serverOnly })
  await itself('itself-plain', { basic: null, usages: null, extended: null })
  rows.push(v1Root(folder))
  return rows
}

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex')).buffer

function limitedTo(name: string): x509.Extension {
  const size = name.length
  const head = Buffer.from([0x30, size + 6, 0xa0, size + 4, 0x30, size + 2, 0x82, size])
  return new x509.Extension(
    '2.5.29.30',
    true,
    new Uint8Array(Buffer.concat([head, Buffer.from(name)])).buffer,
  )
}

/** A root of 1988: no extensions, so nothing says that it is one. */
function v1Root(folder: string): OddRow {
  const host = 'root-v1.door.test'
  const run = (line: string) => execFileSync('bash', ['-ec', line], { cwd: folder, stdio: 'pipe' })
  run('openssl req -new -newkey rsa:2048 -nodes -subj /CN=root-v1 -keyout v1.key -out v1.csr')
  run('openssl x509 -req -in v1.csr -signkey v1.key -days 30 -out v1.crt')
  run(`openssl req -new -newkey rsa:2048 -nodes -subj /CN=${host} -keyout v1leaf.key -out v1leaf.csr`)
  run(
    `openssl x509 -req -in v1leaf.csr -CA v1.crt -CAkey v1.key -set_serial 7 -days 30 -extfile <(printf 'subjectAltName=DNS:${host}\\nauthorityKeyIdentifier=keyid,issuer') -out v1leaf.crt`,
  )
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { id: 'root-v1', host, chain: [read('v1leaf.crt')], keyPem: read('v1leaf.key'), ca: read('v1.crt') }
}
