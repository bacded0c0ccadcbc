import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Intended, ServedWith, TlsAsk } from '../../planner/index.ts'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import { typed } from '../change/typed.ts'
import type { Io } from '../io.ts'
import { callersCommand, filesOf, type GivenFiles, objections } from '../tls/certificate-files.ts'

/** `kfdoor tls enable --secret kubeflow-tls -f my-mesh/` */
export const tlsCommand = (io: Io) =>
  new Command('tls')
    .summary('TLS at the Gateway: 443 with a certificate, 80 redirects')
    .addCommand(enable(io))
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor tls enable --secret kubeflow-tls -f profile:26.03\n  kfdoor tls enable --ca my-ca --host kubeflow.example.com --context prod --apply',
    )

const enable = (io: Io) =>
  withChangeOptions(
    new Command('enable')
      .summary('a Gateway with a certificate on 443 and a redirect on 80')
      .description(
        'Gives the Gateway a server on 443 with a certificate and makes port 80 redirect there. Prints the plan, who gains and who loses, and stops. The Secret lies in the namespace of the gateway’s pods and is in no plan, because it holds the key.',
      )
      .option('--secret <name>', 'a Secret that is there, or the name of the one to be made', 'kubeflow-tls')
      .option('--cert <file>', 'the certificate and its chain in PEM; with --key')
      .option('--key <file>', 'its private key')
      .option('--ca <folder>', 'a folder of `kfdoor ca` that holds a certificate for --host')
      .option('--cert-manager <issuer>', 'cert-manager makes the Secret, by this issuer')
      .addOption(
        new Option('--issuer-kind <kind>')
          .choices(['ClusterIssuer', 'Issuer'] as const)
          .default('ClusterIssuer' as const),
      )
      .option('--host <name...>', 'names people type; default: those of the Gateway')
      .option('--mutual', 'callers show certificates too, of the authority in SECRET-cacert')
      .option(
        '--client-ca <file>',
        'the authority of the callers, for SECRET-cacert; default: the root of --ca',
      )
      .option('--gateway <ns/name>', 'which Gateway; default: kubeflow/kubeflow-gateway'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor tls enable --secret kubeflow-tls -f profile:26.03\n  kfdoor tls enable --cert tls.crt --key tls.key --context prod --apply\n  kfdoor tls enable --ca my-ca --host kubeflow.example.com -f my-mesh/ -o kustomize tls/\n  kfdoor tls enable --cert-manager letsencrypt --host kubeflow.example.com -f my-mesh/',
    )
    .action(async (options, command) => {
      const change = command.opts() as ChangeOptions & typeof options
      const files = await filesOf(change)
      const callers = await callersOf(change, files)
      const { enableTls, servedWith } = await import('../../planner/index.ts')
      const { runChange } = await import('../change/run-change.ts')
      const { doorNames } = await import('../../pki/index.ts')
      const named = change.host && doorNames(change.host)
      const ask: TlsAsk = {
        secret: change.secret,
        ...(change.gateway !== undefined && { gateway: change.gateway }),
        ...(named && { hosts: named.dns, addresses: named.ips }),
        ...(change.certManager !== undefined && {
          issuer: { kind: change.issuerKind, name: change.certManager },
        }),
        ...(change.mutual && { mutual: true }),
      }
      let served: ServedWith | undefined
      await runChange(io, command, change, {
        first: async () => {
          if (served === undefined) return
          const { secretsFirst } = await import('../tls/secrets-first.ts')
          await secretsFirst(io, change, served, { files, callers })
        },
        intent: 'tls-enable',
        subject: change.secret,
        words: ['tls', 'enable', ...words(change)],
        intend: async (world) => {
          const intended = enableTls(world, ask)
          served = servedWith(world, ask)
          if (change.clientCa !== undefined && !served.mutual) {
            throw new Fault('ERR_USAGE', {
              message: '`--client-ca` is for callers who show certificates',
              next: 'add `--mutual`',
            })
          }
          const before = byHand(served, change, files)
          const against = files ? await objections(files, change.host, served.hosts) : []
          return {
            ...intended,
            risks: [...intended.risks, ...against],
            callers: [...before, ...intended.callers],
          }
        },
      })
    })

/** What makes the Secrets, for who does it himself. */
function byHand(
  served: ServedWith,
  { clientCa }: Options,
  files: GivenFiles | undefined,
): Intended['callers'] {
  const text = (lines: readonly string[]) => lines.map((line) => `${line} | kubectl apply -f -`).join('\n')
  if (files) {
    const title = 'First, the Secret. It holds the key, so it is in no plan'
    return [{ title, text: text(files.command(served)) }]
  }
  if (clientCa === undefined) return []
  return [
    { title: 'First, the authority of the callers', text: text(callersCommand(served.place, clientCa)) },
  ]
}

/** Whom callers' certificates have to be of, in PEM; undefined = what is in the cluster says so. */
async function callersOf({ clientCa }: Options, files: GivenFiles | undefined): Promise<string | undefined> {
  if (clientCa === undefined) return files?.caPem
  const { readCertificates, readPem, refuseKeyIn } = await import('../../pki/index.ts')
  const pem = readPem(clientCa, 'CERTIFICATE')
  await readCertificates(pem, clientCa)
  refuseKeyIn(pem, clientCa)
  return pem
}

type Options = ChangeOptions & {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly certManager?: string
  readonly issuerKind: 'ClusterIssuer' | 'Issuer'
  readonly host?: readonly string[]
  readonly secret: string
  readonly mutual?: true
  readonly clientCa?: string
  readonly gateway?: string
}

/** Never a secret: files are named, not read out. */
const words = (options: Options): readonly string[] =>
  typed({
    secret: options.secret,
    cert: options.cert,
    key: options.key,
    ca: options.ca,
    'client-ca': options.clientCa,
    'cert-manager': options.certManager,
    'issuer-kind': options.issuerKind === 'Issuer' ? 'Issuer' : undefined,
    gateway: options.gateway,
    host: options.host,
  }).concat(options.mutual ? ['--mutual'] : [])
