import { Command, Option } from '@commander-js/extra-typings'
import type { TlsFiles } from '../../pki/index.ts'
import type { Io } from '../io.ts'
import { printable } from '../printable.ts'
import { caFile, dir, rootFile } from './options.ts'

const namespace = (words: string, usual?: string) => {
  const option = new Option('-n, --namespace <namespace>', words)
  return usual === undefined ? option.makeOptionMandatory() : option.default(usual)
}

export const secret = (io: Io) =>
  new Command('secret')
    .summary('the Secret that a Gateway names by credentialName, as YAML; it holds the key')
    .addOption(dir())
    .requiredOption('--secret-name <name>', "the Gateway's credentialName")
    .option(
      '-n, --namespace <namespace>',
      "the gateway pod's namespace, where Istio looks for it",
      'istio-system',
    )
    .option('--mutual', 'also NAME-cacert, for a server whose mode is MUTUAL')
    .option('--client-ca <file>', 'the authority of the callers, for --mutual; default: the same root')
    .addOption(
      new Option('-o, --output <format>').choices(['yaml', 'json'] as const).default('yaml' as const),
    )
    .argument('<server>', 'the name its request was made for')
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca secret --dir my-ca kubeflow.example.com --secret-name kubeflow-tls | kubectl apply -f -\n  kfdoor ca secret --dir my-ca kubeflow.example.com --secret-name kubeflow-tls --mutual > tls.yaml`,
    )
    .action(async (server, options) => {
      const { clientAuthoritySecret, openCaFolder, readNeeded, tlsSecret } = await import(
        '../../pki/index.ts'
      )
      const files = openCaFolder(options.dir, Date.now).read(server)
      const place = { name: options.secretName, namespace: options.namespace }
      const callers = options.clientCa === undefined ? files.caPem : readNeeded(options.clientCa)
      const texts = [tlsSecret({ ...place, ...files })]
      if (options.mutual) texts.push(clientAuthoritySecret({ ...place, caPem: callers }))
      await warnOfUntaken(io, files)
      await print(io, texts, options.output)
    })

/** What lies in a folder may have ended, or be of the authority before: the Gateway would serve it all the same. */
async function warnOfUntaken(io: Io, { certPem, caPem = '' }: TlsFiles): Promise<void> {
  const { firstName, readCertificates, refusalsOf } = await import('../../pki/index.ts')
  const chain = await readCertificates(certPem, 'the certificate')
  const name = chain[0] && firstName(chain[0])
  if (name === undefined) return
  const { by, ofAll } = refusalsOf(chain, name, await readCertificates(caPem, 'the root'), Date.now())
  if (!ofAll) return
  io.err(
    `no client that trusts the root beside it takes this certificate: ${printable(by[0]?.reasons[0] ?? '')}`,
  )
}

export const configmap = (io: Io) =>
  new Command('configmap')
    .summary('the root alone as a ConfigMap, for whoever calls')
    .addOption(dir())
    .addOption(caFile())
    .requiredOption('--configmap-name <name>')
    .addOption(namespace('where its readers are'))
    .option('--key <key>', "the file's name when mounted", 'ca.crt')
    .option(
      '--system-roots',
      'also roots.pem: the roots of this system and this one, what `ca env -o kubernetes` names',
    )
    .addOption(
      new Option('-o, --output <format>').choices(['yaml', 'json'] as const).default('yaml' as const),
    )
    .addHelpText(
      'after',
      `\nExample:\n  kfdoor ca configmap --dir my-ca --configmap-name kubeflow-ca -n kubeflow-user-example-com | kubectl apply -f -`,
    )
    .action(async (options) => {
      const { authorityConfigMap, readNeeded } = await import('../../pki/index.ts')
      const caPem = readNeeded(await rootFile(io, options))
      const more: Readonly<Record<string, string>> = options.systemRoots
        ? {
            'roots.pem': `${(await import('../../compose/doors/trust-bundle.ts')).systemRoots(io.env).trimEnd()}\n${caPem}`,
          }
        : {}
      const place = { name: options.configmapName, namespace: options.namespace }
      await print(
        io,
        [authorityConfigMap({ ...place, files: { [options.key]: caPem, ...more } })],
        options.output,
      )
    })

async function print(io: Io, texts: readonly string[], format: 'yaml' | 'json'): Promise<void> {
  if (format === 'yaml') return io.out(texts.join('---\n'))
  const { parse } = await import('yaml')
  const [first, ...rest] = texts.map((text) => parse(text) as unknown)
  io.out(
    JSON.stringify(rest.length === 0 ? first : { apiVersion: 'v1', kind: 'List', items: [first, ...rest] }),
  )
}
