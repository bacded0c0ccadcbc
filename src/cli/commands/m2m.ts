import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Distribution } from '../../planner/index.ts'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import { typed } from '../change/typed.ts'
import type { Io } from '../io.ts'

const usualImage = 'bitnamisecure/kubectl:latest'
const distributions = [
  'kubeadm',
  'kind',
  'minikube',
  'k3s',
  'rke2',
  'openshift',
  'eks',
  'gke',
  'aks',
] as const satisfies readonly Distribution[]

/** `kfdoor m2m enable -f profile:26.03` */
export const m2mCommand = (io: Io) =>
  new Command('m2m')
    .summary('service accounts at the door: their issuer, its keys, the audience')
    .addCommand(enable(io))
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor m2m enable -f profile:26.03\n  kfdoor m2m enable --context prod --apply',
    )

const enable = (io: Io) =>
  withChangeOptions(
    new Command('enable')
      .summary('the gateway reads tokens of service accounts')
      .description(
        'Adds a RequestAuthentication for the cluster’s own issuer, in both spellings, with an audience; where only the API server has the keys, a small proxy hands them to the mesh. In a cluster the issuer is asked of the API server.',
      )
      .addOption(
        new Option('--distribution <name>', 'what kind of cluster it is, where it cannot be asked').choices(
          distributions,
        ),
      )
      .option('--issuer <url>', 'who signs: `issuer` of /.well-known/openid-configuration')
      .option('--jwks-uri <url>', 'where istiod finds the keys; no proxy is installed then')
      .option('--audience <name...>', 'whom tokens have to be for; default: the gateway’s own name')
      .option('--any-audience', 'any token of the cluster counts, also one made for another service')
      .option('--proxy-image <image>', 'an image with kubectl, as Kubeflow has it', usualImage)
      .option('--gateway <ns/name>', 'the door; default: kubeflow/kubeflow-gateway'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor m2m enable -f profile:26.03\n  kfdoor m2m enable --distribution eks --issuer https://oidc.eks.eu-west-1.amazonaws.com/id/ABC123 -f my-mesh/\n  kfdoor m2m enable --context prod --apply',
    )
    .action(async (options, command) => {
      const change = command.opts() as ChangeOptions & typeof options
      const { enableM2m, findEntrance } = await import('../../planner/index.ts')
      const { runChange } = await import('../change/run-change.ts')
      const { distribution, issuer, jwksUri, audience, anyAudience, proxyImage, gateway } = change
      if (anyAudience && audience)
        throw new Fault('ERR_USAGE', {
          message: '`--audience` and `--any-audience` are two answers',
          next: 'give one of them',
        })
      const isCluster = !change.filename && !change.snapshot
      await runChange(io, command, change, {
        intent: 'm2m-enable',
        subject: distribution ?? 'tokens',
        words: [
          'm2m',
          'enable',
          ...typed({
            distribution,
            issuer,
            'jwks-uri': jwksUri,
            audience,
            'proxy-image': proxyImage === usualImage ? undefined : proxyImage,
            gateway,
          }),
          ...(anyAudience ? ['--any-audience'] : []),
        ],
        intend: async (world) => {
          const { pods } = findEntrance(world, 'm2m enable', gateway)
          const discovered = isCluster ? await discover(io, change, pods.namespace) : undefined
          return enableM2m(world, {
            proxyImage,
            ...(gateway !== undefined && { gateway }),
            ...(distribution !== undefined && { distribution }),
            ...(issuer !== undefined && { issuer }),
            ...(jwksUri !== undefined && { jwksUri }),
            ...(discovered && { discovered }),
            ...(anyAudience ? { audiences: [] } : audience && { audiences: audience }),
          })
        },
      })
    })

/** What the API server says of its own tokens; undefined = it does not say, which is told. */
async function discover(io: Io, options: ChangeOptions, namespace: string) {
  const { readIssuer } = await import('../../compose/change/read-issuer.ts')
  const found = await readIssuer(io.env, { ...options, namespace })
  if (!('issuer' in found)) {
    io.err(`the API server does not say who signs its tokens: ${found.reason}`)
    return undefined
  }
  const { issuer, keys, mayRead } = found
  const reads =
    mayRead === undefined
      ? 'whether a pod may read them is not known'
      : `a pod ${mayRead ? 'may' : 'may not'} read them`
  io.err(`the API server signs as ${issuer}; ${keys}, and ${reads}`)
  return found
}
