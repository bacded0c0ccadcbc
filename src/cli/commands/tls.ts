import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { TlsAsk } from '../../planner/index.ts'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import type { Io } from '../io.ts'
import { filesOf, type GivenFiles, hostsOf, objections } from '../tls/certificate-files.ts'

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
      .option('--gateway <ns/name>', 'which Gateway; default: kubeflow/kubeflow-gateway'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor tls enable --secret kubeflow-tls -f profile:26.03\n  kfdoor tls enable --cert tls.crt --key tls.key --context prod --apply\n  kfdoor tls enable --ca my-ca --host kubeflow.example.com -f my-mesh/ -o kustomize tls/\n  kfdoor tls enable --cert-manager letsencrypt --host kubeflow.example.com -f my-mesh/',
    )
    .action(async (options, command) => {
      const change = command.opts() as ChangeOptions & typeof options
      const files = await filesOf(change)
      const { enableTls, findEntrance } = await import('../../planner/index.ts')
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
      let place: { readonly name: string; readonly namespace: string } | undefined
      await runChange(io, command, change, {
        ...(files && {
          first: async () => {
            if (place !== undefined) await putFirst(io, change, place, files)
          },
        }),
        intent: 'tls-enable',
        subject: change.secret,
        words: ['tls', 'enable', ...words(change)],
        intend: async (world) => {
          if (!files) return enableTls(world, ask)
          const { gateway, pods } = findEntrance(world, 'tls enable', ask.gateway)
          place = { name: ask.secret, namespace: pods.namespace }
          const makeSecret = `${files.command(pods.namespace)} | kubectl apply -f -`
          const intended = enableTls(world, { ...ask, makeSecret })
          const against = await objections(files, change.host, hostsOf(gateway))
          return { ...intended, risks: [...intended.risks, ...against] }
        },
      })
    })

type Options = ChangeOptions & {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly certManager?: string
  readonly issuerKind: 'ClusterIssuer' | 'Issuer'
  readonly host?: readonly string[]
  readonly secret: string
  readonly mutual?: true
  readonly gateway?: string
}

async function putFirst(
  io: Io,
  options: Options,
  place: { readonly name: string; readonly namespace: string },
  files: GivenFiles,
): Promise<void> {
  if (!options.yes) {
    const { ask } = await import('../prompt.ts')
    const answer = await ask(
      `First the Secret ${place.namespace}/${place.name}, which no rollback takes away. Put it there? [y/N] `,
    )
    if (!/^y(es)?$/i.test(answer.trim()))
      throw new Fault('ERR_USAGE', {
        message: 'nothing was changed',
        next: 'put the Secret there yourself, and use `--secret`',
      })
  }
  const { putSecret } = await import('../../compose/change/put-secret.ts')
  const done = await putSecret(place, files, { env: io.env, ...options })
  io.err(
    `Secret ${place.namespace}/${place.name} ${done === 'made' ? 'is in the cluster' : 'was there already'}`,
  )
}

/** Never a secret: files are named, not read out. */
const words = (options: Options): readonly string[] =>
  [
    ['--secret', options.secret],
    ['--cert', options.cert],
    ['--key', options.key],
    ['--ca', options.ca],
    ['--cert-manager', options.certManager],
    ['--issuer-kind', options.issuerKind === 'Issuer' ? 'Issuer' : undefined],
    ['--gateway', options.gateway],
    ...(options.host ?? []).map((name) => ['--host', name]),
  ]
    .flatMap(([flag, value]) => (value === undefined ? [] : [flag as string, value]))
    .concat(options.mutual ? ['--mutual'] : [])
