import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { LeafUsage, Signed } from '../../pki/index.ts'
import type { Io } from '../io.ts'
import { printable } from '../printable.ts'
import { AUTHORITY_MOST, daysOf, dir, force, keyType, LEAF_MOST, output } from './options.ts'

async function open(folder: string) {
  const { openCaFolder } = await import('../../pki/index.ts')
  return openCaFolder(folder, Date.now)
}

export const init = (io: Io) =>
  new Command('init')
    .summary('a root that may sign for these names, and what lies below them, only')
    .addOption(dir())
    .requiredOption('--name <name...>', 'host name or address; repeatable')
    .addOption(keyType())
    .option('--days <days>', 'how long it lives', '3650')
    .option('--authorities', 'it may have authorities below it: `ca intermediate`')
    .addOption(force())
    .addOption(output())
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca init --dir my-ca --name kubeflow.example.com --name 10.0.0.7\n  kfdoor ca init --dir root --name example.com --authorities --key-type ecdsa-p384`,
    )
    .action(async (options) => {
      const made = await (await open(options.dir)).init({
        names: options.name,
        keyType: options.keyType,
        days: daysOf(options.days, AUTHORITY_MOST),
        authorities: options.authorities,
        force: options.force,
      })
      await warnOfReaders(io, made.keyFile)
      if (options.output === 'json') return io.out(JSON.stringify(made))
      warnOfKey(io, options.keyType, 'server')
      warnOfWidth(io, options.name)
      io.err(`${made.certFile} is for everybody who calls the door: curl --cacert ${made.certFile}`)
      io.err(
        `${made.keyFile} signs certificates for ${options.name.join(', ')}, and what lies below a host; it stays with you`,
      )
      io.out(made.certFile)
    })

export const intermediate = (io: Io) =>
  new Command('intermediate')
    .summary('an authority below a root, so that the root’s key can be put away')
    .addOption(dir())
    .requiredOption('--from <folder>', 'the folder of the root, made with --authorities')
    .requiredOption('--name <name...>', 'what it may sign for, inside what the root may; repeatable')
    .addOption(keyType())
    .option('--days <days>', 'how long it lives', '1825')
    .addOption(force())
    .addOption(output())
    .addHelpText(
      'after',
      `\nExample:\n  kfdoor ca intermediate --dir my-ca --from root --name kubeflow.example.com\n\nCertificates made in its folder carry it along, so that clients need the root only (root.crt).`,
    )
    .action(async (options) => {
      const made = await (await open(options.dir)).initBelow({
        from: options.from,
        names: options.name,
        keyType: options.keyType,
        days: daysOf(options.days, AUTHORITY_MOST),
        force: options.force,
      })
      await warnOfReaders(io, made.keyFile)
      if (options.output === 'json') return io.out(JSON.stringify(made))
      warnOfKey(io, options.keyType, 'server')
      warnOfWidth(io, options.name)
      io.err(`${made.rootFile} is for everybody who calls the door; ${made.keyFile} signs certificates`)
      io.out(made.certFile)
    })

export const csr = (io: Io) =>
  new Command('csr')
    .summary('a key and a signing request, for this authority or any other')
    .addOption(dir())
    .option('--name <name...>', 'host name, address or SPIFFE ID; the first names the files; repeatable')
    .option('--common-name <text>', 'of a client: who it is')
    .addOption(usage('what it asks to be shown by').default('server' as const))
    .addOption(keyType())
    .addOption(force())
    .addOption(output())
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca csr --dir my-ca --name kubeflow.example.com --name '*.kubeflow.example.com'\n  kfdoor ca csr --dir my-ca --usage client --common-name ci@example.com`,
    )
    .action(async (options) => {
      const { name = [], commonName } = options.usage === 'client' ? callerOf(options) : options
      const made = await (await open(options.dir)).csr({
        names: name,
        commonName,
        usage: options.usage,
        keyType: options.keyType,
        force: options.force,
      })
      await warnOfReaders(io, made.keyFile)
      if (options.output === 'json') return io.out(JSON.stringify(made))
      warnOfKey(io, options.keyType, options.usage)
      io.err(`${made.keyFile} is the ${options.usage === 'client' ? 'client' : 'server'}'s key`)
      io.out(made.csrFile)
    })

export const sign = (io: Io) =>
  new Command('sign')
    .summary('a certificate from a signing request: what it asks for, as far as this authority may')
    .addOption(dir())
    .option('--days <days>', 'how long it lives, at most 397', '397')
    .addOption(usage('what it is for; needed where a request asks for a client’s'))
    .option(
      '--allow <name...>',
      'sign only for these names and what lies below them; SPIFFE IDs have to be named',
    )
    .addOption(force())
    .addOption(output())
    .argument('<request>', 'a CSR in PEM: a path, or a file in the folder')
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca sign --dir my-ca kubeflow.example.com.csr\n  kfdoor ca sign --dir my-ca ci.csr --usage client --allow 'spiffe://cluster.local/ns/ci/*'`,
    )
    .action(async (request, options) => {
      const signed = await (await open(options.dir)).sign(request, {
        days: daysOf(options.days, LEAF_MOST),
        usage: options.usage,
        allow: options.allow,
        force: options.force,
      })
      for (const wish of signed.notGranted) io.err(`not granted: ${printable(wish)}`)
      if (options.output === 'text') warnOfKey(io, signed.key, signed.usage)
      tell(io, options.output, signed)
    })

interface Named {
  readonly name?: readonly string[] | undefined
  readonly commonName?: string | undefined
}

/** A caller that is a mail address and nothing else is one, whichever option says so. */
function callerOf({ name = [], commonName }: Named): Named {
  const [first = ''] = name
  return name.length === 1 && commonName === undefined && /^[^\s@:/]+@[^\s@:/]+$/.test(first)
    ? { name: [], commonName: first }
    : { name, commonName }
}

const leaf = (io: Io, kind: 'server' | 'client', summary: string, examples: string) =>
  new Command(kind)
    .summary(summary)
    .addOption(dir())
    .option(
      '--name <name...>',
      kind === 'client'
        ? 'mail address, host name, address or SPIFFE ID; the first names the files'
        : 'host name, `*.` wildcard, address or SPIFFE ID; the first names the files',
    )
    .option('--common-name <text>', 'who it is, where that is no host')
    .addOption(keyType())
    .option('--days <days>', 'how long it lives, at most 397', '397')
    .option('--both', 'it may be shown by servers and by clients')
    .addOption(force())
    .addOption(output())
    .addHelpText('after', examples)
    .action(async (typed) => {
      const options = { ...typed, ...(kind === 'client' && callerOf(typed)) }
      const { name: names = [] } = options
      if (names.length === 0 && (kind === 'server' || !options.commonName)) {
        throw new Fault('ERR_USAGE', {
          message:
            kind === 'server' ? 'a server needs `--name`' : 'a client needs `--common-name` or `--name`',
        })
      }
      const { issueInto } = await import('../../pki/index.ts')
      const made = await issueInto(options.dir, Date.now, {
        names,
        commonName: options.commonName,
        usage: options.both ? 'both' : kind,
        keyType: options.keyType,
        days: daysOf(options.days, LEAF_MOST),
        force: options.force,
      })
      await warnOfReaders(io, made.keyFile)
      if (options.output === 'text') {
        warnOfKey(io, made.key, made.usage)
        io.err(`${made.keyFile} is its key`)
      }
      tell(io, options.output, made)
    })

export const server = (io: Io) =>
  leaf(
    io,
    'server',
    "a server's key and certificate in one step",
    `\nExamples:\n  kfdoor ca server --dir my-ca --name kubeflow.example.com --name '*.kubeflow.example.com' --name 10.0.0.7`,
  )

export const client = (io: Io) =>
  leaf(
    io,
    'client',
    "a caller's key and certificate, for a server that asks for one (MUTUAL)",
    `\nExamples:\n  kfdoor ca client --dir my-ca --common-name ci@example.com\n  kfdoor ca client --dir my-ca --name spiffe://cluster.local/ns/ci/sa/runner --key-type ed25519`,
  )

function usage(words: string) {
  return new Option('--usage <usage>', words).choices(['server', 'client', 'both'] as const)
}

function tell(
  io: Io,
  format: 'text' | 'json',
  { certFile, names, usage, validTo, notGranted }: Signed,
): void {
  if (format === 'json') {
    io.out(JSON.stringify({ certFile, names, usage, notAfter: validTo.toISOString(), notGranted }))
    return
  }
  io.err(`for ${names.join(', ')}, until ${validTo.toISOString().slice(0, 10)}`)
  io.out(certFile)
}

/** One label may be a host of this network, or `com`. */
function warnOfWidth(io: Io, names: readonly string[]): void {
  for (const name of names.filter((one) => /^[^.:]+\.?$/.test(one) && !/^localhost\.?$/i.test(one))) {
    io.err(
      `\`${name}\` is a single label: this may sign for every host that ends in \`.${name.replace(/\.$/, '')}\``,
    )
  }
}

/** A stick with FAT, for example: whoever is on the machine reads what lies there. */
async function warnOfReaders(io: Io, keyFile: string): Promise<void> {
  const { isOpenToOthers } = await import('../../pki/index.ts')
  if (isOpenToOthers(keyFile)) {
    io.err(`${keyFile} can be read by others on this machine: its file system does not keep who may`)
  }
}

/** What was seen of BoringSSL: e2e/ca.real.test.ts, e2e/certificate-clients.real.test.ts. */
function warnOfKey(io: Io, key: string, usage: LeafUsage): void {
  if (key === 'secp521r1' && usage !== 'client') io.err('P-521: Chromium does not take it as a server’s key')
  if (key !== 'ed25519') return
  if (usage !== 'client')
    io.err('Ed25519: Chromium does not take it; curl, Python, Node and Go do, and Envoy serves with it')
  if (usage !== 'server') io.err('Ed25519: Envoy, and so Istio’s gateway, knows no callers by it')
}
