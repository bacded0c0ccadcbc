import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'
import { connect } from 'node:tls'
import { parseAllDocuments } from 'yaml'
import { Fault } from '../../base/index.ts'
import { sentCertificates } from '../../client/index.ts'
import { clusterAccess, messageOf, openKubeApi } from '../../kube/index.ts'
import {
  askedFor,
  authorityIn,
  type Certificate,
  certificateIn,
  firstName,
  isIssuedBy,
  keyFits,
  readCertificates,
  readNeeded,
  readPem,
  type SecretTexts,
  secretTexts,
  servedPair,
} from '../../pki/index.ts'
import { systemRoots } from '../doors/trust-bundle.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Certificates to look at, and what is known of those who will be shown them. */
export interface Shown {
  readonly chain: readonly Certificate[]
  readonly pem: string
  /** Whom its clients will ask for; undefined = nothing says so. */
  readonly host?: string
  /** The roots that came with it, and where they lay. */
  readonly roots?: { readonly pem: string; readonly where: string }
  /** Of a Secret: whether its key belongs to its certificate, or why that cannot be told. */
  readonly key?: string
}

/** What there is to inspect: `-`, `https://HOST`, `secret/NS/NAME`, or a file, in PEM or as a Secret's YAML. */
export async function readShown(
  target: string,
  from: {
    readonly readStdin: () => Promise<string>
    /** Whom clients ask for. */
    readonly host?: string
    readonly env: Environment
    readonly context?: string
    readonly kubeconfig?: string
  },
): Promise<Shown> {
  if (/^https:\/\//i.test(target)) return fromUrl(target, from.host)
  const secret = /^secrets?[/:]([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9.]*)$/.exec(target)
  if (secret) return fromCluster(secret[1] as string, secret[2] as string, from)
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) {
    throw new Fault('ERR_USAGE', {
      message: `\`${target}\` shows no certificate: only https:// does`,
      next: 'name the port that speaks TLS: `https://HOST:PORT`',
    })
  }
  const text = target === '-' ? await from.readStdin() : readPem(target, 'CERTIFICATE')
  if (/^\s*["']?kind["']?:\s*["']?Secret/m.test(text)) return fromYaml(text, target)
  const chain = await readCertificates(text, target === '-' ? 'stdin' : target)
  const [first] = chain
  const near = target === '-' || first === undefined ? undefined : rootBeside(target, chain)
  return { chain, pem: text, ...(near && { roots: near }) }
}

/** `root.crt` or `ca.crt` in the same folder, when it issued what is looked at. */
function rootBeside(path: string, chain: readonly Certificate[]): Shown['roots'] {
  for (const name of ['root.crt', 'ca.crt']) {
    const where = join(dirname(path), name)
    if (!existsSync(where)) continue
    const pem = readNeeded(where)
    if (chain.some((one) => isIssuedBy(one.node, pem))) return { pem, where }
  }
  return undefined
}

/** @param named whom the server is asked for, where that is not the URL's host: an address and a name, for example */
async function fromUrl(text: string, named?: string): Promise<Shown> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.hostname) throw new Fault('ERR_USAGE', { message: `\`${text}\` is no URL` })
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const asked = named === undefined ? host : askedFor(named)
  const pems = await new Promise<readonly string[]>((done, failed) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(isIP(asked) === 0 && { servername: asked }),
      // What clients refuse is looked at too.
      ciphers: 'DEFAULT:@SECLEVEL=0',
      rejectUnauthorized: false,
      // Without roots of our own, the chain is what the server sent and nothing more.
      ca: [],
      minVersion: 'TLSv1.2',
    })
    const unreachable = (reason: string, cause?: unknown) => {
      socket.destroy()
      failed(new Fault('ERR_DOOR_UNREACHABLE', { url: url.origin, reason }, { cause }))
    }
    socket.setTimeout(10_000, () => unreachable('it did not answer in 10 s'))
    socket.once('error', (error) => {
      // A server that wants a certificate of its caller has shown its own by then.
      if (shownSoFar().length > 0) done(shownSoFar())
      else unreachable(whyNot(error), error)
    })
    const shownSoFar = () => sentCertificates(socket).map(String)
    socket.once('secureConnect', () => {
      const sent = shownSoFar()
      socket.destroy()
      done(sent)
    })
  })
  const pem = pems.join('')
  return { chain: await readCertificates(pem, url.origin), pem, host: asked }
}

/** OpenSSL's words, which name its source files, in ours. */
function whyNot(error: NodeJS.ErrnoException): string {
  const said = `${error.code} ${error.message}`
  if (/WRONG_VERSION_NUMBER|wrong version number|packet length/i.test(said))
    return 'it does not speak TLS on that port'
  if (/protocol version/i.test(said)) return 'it speaks no TLS of version 1.2 or newer'
  if (/handshake.failure/i.test(said))
    return 'it ended the handshake: its key may be on a curve no client offers, or it wants a certificate of its caller'
  if (/unrecognized.name/i.test(said)) return 'it knows no such name (SNI); say whom it serves with `--host`'
  return /:error:[^:]*:[^:]*:[^:]*:([^:]+):/.exec(error.message)?.[1] ?? error.message
}

async function fromCluster(
  namespace: string,
  name: string,
  from: { readonly env: Environment; readonly context?: string; readonly kubeconfig?: string },
): Promise<Shown> {
  const access = await clusterAccess(from.env, from)
  const api = openKubeApi(access)
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`
    const answer = await api.call(path)
    const where = `secret ${namespace}/${name}`
    if (answer.status === 404)
      throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'there is no such Secret' })
    if (answer.status !== 200) {
      throw new Fault('ERR_CLUSTER_REFUSED', { server: access.server.origin, reason: messageOf(answer) })
    }
    return await fromSecret(secretTexts((answer.body as { readonly data?: Data }).data ?? {}), where)
  } finally {
    api.close()
  }
}

type Data = Readonly<Record<string, string>>

async function fromYaml(text: string, where: string): Promise<Shown> {
  for (const document of parseAllDocuments(text)) {
    if (document.errors.length > 0) {
      throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'its YAML cannot be read' })
    }
    const object = document.toJS({ maxAliasCount: 0 }) as {
      kind?: unknown
      data?: Data
      stringData?: Data
    } | null
    if (object?.kind !== 'Secret') continue
    const texts = { ...secretTexts(object.data ?? {}), ...object.stringData }
    if (certificateIn(texts) ?? authorityIn(texts)) return fromSecret(texts, where)
  }
  throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'no Secret in it has a `tls.crt` or `ca.crt`' })
}

async function fromSecret(data: SecretTexts, where: string): Promise<Shown> {
  const [pem, ca] = [certificateIn(data), authorityIn(data)]
  if (pem === undefined) {
    if (ca === undefined)
      throw new Fault('ERR_PEM_UNREADABLE', { where, reason: 'it has no `tls.crt` and no `ca.crt`' })
    // NAME-cacert: whom a MUTUAL server's callers are of.
    return { chain: await readCertificates(ca, `ca.crt of ${where}`), pem: ca }
  }
  const chain = await readCertificates(pem, `tls.crt of ${where}`)
  const keyText = servedPair(data)?.keyPem
  const [leaf] = chain
  const key =
    keyText === undefined
      ? 'there is no tls.key'
      : leaf && !keyFits(leaf.node, keyText)
        ? 'tls.key does not belong to tls.crt'
        : undefined
  return {
    chain,
    pem,
    ...(ca !== undefined && { roots: { pem: ca, where: `ca.crt of ${where}` } }),
    ...(key !== undefined && { key }),
  }
}

/** A file in the wrong order, as `cat ca.crt server.crt` makes it: a server shows the first one as its own. */
export function misplaced({ chain: [first, ...rest] }: Shown): string | undefined {
  const own = rest.find((one) => !one.basic?.ca && one.issuer === first?.subject)
  return first?.basic?.ca && own
    ? `the authority stands first and the certificate it signed behind it: servers want their own first`
    : undefined
}

/** The roots clients are taken to have: the ones named, the ones that came along, else the system's. */
export async function rootsFor(
  shown: Shown,
  named: string | undefined,
  env: Environment,
): Promise<{ readonly trusted: readonly Certificate[] | undefined; readonly where: string }> {
  const given = named === undefined ? shown.roots : { pem: readPem(named, 'CERTIFICATE'), where: named }
  if (given) return { trusted: await readCertificates(given.pem, given.where), where: given.where }
  const system = await readCertificates(systemRoots(env), 'the system’s roots')
  const leads = shown.chain.some((one) => system.some((root) => root.subject === one.issuer))
  // Who calls a server has at least what this machine has; a file by itself says nothing of its readers.
  if (leads || shown.host !== undefined) return { trusted: system, where: 'the system’s roots' }
  return { trusted: undefined, where: 'nobody knows which roots; name them with `--ca FILE`' }
}

/** Whom to ask for when nobody says: the first name of the certificate, `*` standing for `a`. */
export function hostOf({ chain: [leaf], host }: Shown): string | undefined {
  if (host !== undefined || leaf === undefined) return host
  return askedFor(firstName(leaf) ?? leaf.commonNames.at(-1) ?? '') || undefined
}
