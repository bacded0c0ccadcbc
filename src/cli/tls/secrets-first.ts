/** The Secrets of `tls enable` in a cluster: those that are given are put there, the others have to be there. */
import { Fault } from '../../base/index.ts'
import {
  type Api,
  atCluster,
  putSecrets,
  readSecret,
  type SecretData,
} from '../../compose/change/put-secret.ts'
import { authorityIn, clientAuthoritySecret, secretTexts, servedPair, tlsSecret } from '../../pki/index.ts'
import type { ServedWith } from '../../planner/index.ts'
import type { ChangeOptions } from '../change/options.ts'
import type { Io } from '../io.ts'
import { type GivenFiles, objections } from './certificate-files.ts'

interface Given {
  readonly files: GivenFiles | undefined
  /** PEM. */
  readonly callers: string | undefined
}
type Options = ChangeOptions & { readonly certManager?: string; readonly host?: readonly string[] }

/**
 * Run when all else was checked and agreed to. A Gateway that names a Secret which is not there answers
 * nobody, and port 80 would send everybody to it.
 *
 * @throws Fault ERR_INTENT_REFUSED, ERR_WOULD_OVERWRITE, ERR_CLUSTER_REFUSED, ERR_USAGE
 */
export async function secretsFirst(
  io: Io,
  options: Options,
  served: ServedWith,
  { files, callers }: Given,
): Promise<void> {
  const { place, mutual } = served
  const cluster = { env: io.env, ...options }
  await atCluster(cluster, async (api) => {
    // What cert-manager will put into its own is not known.
    const own =
      files || options.certManager !== undefined ? undefined : await present(io, api, options, served)
    if (mutual && callers === undefined) await authorityPresent(io, api, served, own)
  })
  const texts = [
    ...(files ? [tlsSecret({ ...place, ...files })] : []),
    ...(mutual && callers !== undefined ? [clientAuthoritySecret({ ...place, caPem: callers })] : []),
  ]
  if (texts.length === 0) return
  if (!options.yes) await agree(texts.length > 1 ? 's' : '', place)
  for (const { name, done } of await putSecrets(texts, cluster))
    io.err(`Secret ${name} ${done === 'made' ? 'is in the cluster' : 'was there already'}`)
}

async function agree(s: '' | 's', { namespace, name }: ServedWith['place']): Promise<void> {
  const { ask } = await import('../prompt.ts')
  const which = s === '' ? `${namespace}/${name}` : `${namespace}/${name} and ${name}-cacert`
  const answer = await ask(
    `First the Secret${s} ${which}, which no rollback takes away. Put ${s === '' ? 'it' : 'them'} there? [y/N] `,
  )
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new Fault('ERR_USAGE', {
      message: 'nothing was changed',
      next: 'put the Secret there yourself, and use `--secret`',
    })
}

/** The Secret a Gateway is about to name: there, whole, and taken by somebody. */
async function present(
  io: Io,
  api: Api,
  { host }: Options,
  { place: { namespace, name }, gatewayNamespace, hosts }: ServedWith,
): Promise<SecretData | 'hidden'> {
  const data = await readSecret(api, namespace, name)
  const what = `Secret ${namespace}/${name}`
  if (data === undefined) {
    const strayed =
      gatewayNamespace !== namespace && (await readSecret(api, gatewayNamespace, name)) !== undefined
    const reason = `there is no ${what}: port 443 would answer nobody, and port 80 would send everybody there`
    throw refused(
      strayed
        ? `${reason}; there is one in \`${gatewayNamespace}\`, where Istio does not look: it belongs beside the gateway’s pods`
        : reason,
      'put it there, or give the certificate with `--cert` and `--key`, or `--ca`',
    )
  }
  if (data === 'hidden') {
    io.err(`${what} may not be read by you, so nobody has looked whether it is there`)
    return data
  }
  const pair = servedPair(secretTexts(data))
  if (pair === undefined) {
    throw refused(`${what} has no \`tls.crt\` with a \`tls.key\`, and Istio would serve nothing with it`)
  }
  const files = { ...pair, certFile: `tls.crt of ${what}`, keyFile: `tls.key of ${what}` }
  for (const risk of await objections(files, host, hosts)) io.err(risk)
  return data
}

/** As Istio looks for it: the Secret beside, else what the server's own holds. */
async function authorityPresent(
  io: Io,
  api: Api,
  { place: { namespace, name } }: ServedWith,
  own: SecretData | 'hidden' | undefined,
): Promise<void> {
  const beside = await readSecret(api, namespace, `${name}-cacert`)
  const decides = beside ?? own
  if (decides === 'hidden') {
    io.err(
      `nobody has looked for the authority of the callers: Secrets of \`${namespace}\` may not be read by you`,
    )
    return
  }
  if (decides !== undefined && authorityIn(secretTexts(decides)) !== undefined) return
  throw refused(
    `nothing in \`${namespace}\` says whose certificates callers may show: there is no \`ca.crt\` in Secret ${name}-cacert, and port 443 would answer nobody`,
    'name the authority of the callers with `--client-ca FILE`',
  )
}

const refused = (reason: string, next?: string) =>
  new Fault('ERR_INTENT_REFUSED', {
    intent: 'tls enable',
    reasons: [reason],
    ...(next !== undefined && { next }),
  })
