import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { Fault, withoutOwnSecrets } from '../base/index.ts'

/** How to speak to one API server. PEM texts, not paths. */
export interface ClusterAccess {
  readonly server: URL
  /** The kubeconfig's name for it; undefined = the pod's own account. */
  readonly context?: string
  readonly ca?: string
  readonly insecure: boolean
  readonly token?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  /** Of the context; undefined = it names none. */
  readonly namespace?: string
}

/**
 * Which API server it is. The path counts: behind one name a proxy (Rancher's, Teleport's) has many clusters, and
 * tells them apart by it.
 */
export const addressOf = ({ server }: Pick<ClusterAccess, 'server'>): string =>
  `${server.origin}${server.pathname.replace(/\/$/, '')}`

interface Named {
  readonly name?: string
  readonly [part: string]: unknown
}
type Fields = Readonly<Record<string, unknown>>

const inCluster = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The cluster of a kubeconfig's context, read as kubectl does: `--kubeconfig`, else every file of
 * `KUBECONFIG`, else `~/.kube/config`, else the pod's own service account. Exec plugins are run.
 *
 * @throws Fault ERR_KUBECONFIG
 */
export async function clusterAccess(
  env: Readonly<Record<string, string | undefined>>,
  asked: { readonly kubeconfig?: string; readonly context?: string } = {},
): Promise<ClusterAccess> {
  const paths = asked.kubeconfig
    ? [asked.kubeconfig]
    : env.KUBECONFIG
      ? env.KUBECONFIG.split(delimiter).filter((path) => path !== '')
      : [join(env.HOME || homedir(), '.kube', 'config')]
  if (!paths.some((path) => existsSync(path))) {
    const own = podAccess(env)
    if (own) return own
  }
  const { path, tokenFile, exec, ...access } = readKubeconfig(paths, asked.context)
  const fail = (reason: string) => new Fault('ERR_KUBECONFIG', { path, reason })
  const plugin = exec === undefined ? {} : await runPlugin(exec, env, fail)
  return {
    ...access,
    token:
      plugin.token ??
      access.token ??
      (tokenFile === undefined ? undefined : readPart(tokenFile, fail).trim()),
    clientCertificate: plugin.clientCertificateData ?? access.clientCertificate,
    clientKey: plugin.clientKeyData ?? access.clientKey,
  }
}

/** A context as it is written: no program was run, no token read that is renewed in its file. */
export interface WrittenAccess extends ClusterAccess {
  /** The file it is in, for messages. */
  readonly path: string
  readonly tokenFile?: string
  /** The exec plugin of its user. */
  readonly exec?: Fields
}

/**
 * One context of the kubeconfig files that are there, the first that has an entry counts. Paths in them are
 * beside the file they are written in.
 *
 * @throws Fault ERR_KUBECONFIG
 */
export function readKubeconfig(paths: readonly string[], named?: string): WrittenAccess {
  const there = paths.filter((path) => existsSync(path))
  const [path = paths[0] ?? ''] = there
  const fail = (reason: string) => new Fault('ERR_KUBECONFIG', { path, reason })
  if (there.length === 0) throw fail('it is not there')
  const files = there.map((one) => ({ folder: dirname(resolve(one)), config: read(one, fail) }))
  const find = (list: string, name: unknown): { fields: Fields; folder: string } | undefined => {
    for (const { folder, config } of files) {
      const entries = config[list]
      const found = Array.isArray(entries) && (entries as Named[]).find((one) => one?.name === name)
      if (found) return { folder, fields: (found[list.replace(/s$/, '')] ?? {}) as Fields }
    }
    return undefined
  }
  const current = named ?? files.map(({ config }) => config['current-context']).find((one) => one)
  if (typeof current !== 'string') throw fail('it has no current context; name one with `--context`')
  const context = find('contexts', current)
  if (!context) throw fail(`it has no context \`${current}\``)
  const cluster = find('clusters', context.fields.cluster)
  if (!cluster || typeof cluster.fields.server !== 'string' || !URL.canParse(cluster.fields.server)) {
    throw fail(`context \`${current}\` names no cluster with a server`)
  }
  const user = find('users', context.fields.user) ?? { fields: {}, folder: '' }
  const placed = (from: { folder: string }, file: string) =>
    isAbsolute(file) ? file : join(from.folder, file)
  const bytes = (from: { fields: Fields; folder: string }, name: string): string | undefined => {
    const data = from.fields[`${name}-data`]
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8')
    const file = from.fields[name]
    return typeof file === 'string' ? readPart(placed(from, file), fail) : undefined
  }
  const { token, tokenFile, exec } = user.fields
  const namespace = context.fields.namespace
  return {
    path,
    context: current,
    server: new URL(cluster.fields.server),
    ca: bytes(cluster, 'certificate-authority'),
    insecure: cluster.fields['insecure-skip-tls-verify'] === true,
    ...(typeof token === 'string' && { token }),
    ...(typeof tokenFile === 'string' && { tokenFile: placed(user, tokenFile) }),
    ...(exec ? { exec: exec as Fields } : {}),
    clientCertificate: bytes(user, 'client-certificate'),
    clientKey: bytes(user, 'client-key'),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  }
}

function podAccess(env: Readonly<Record<string, string | undefined>>): ClusterAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (!host || !existsSync(join(inCluster, 'token'))) return undefined
  const text = (name: string) => readFileSync(join(inCluster, name), 'utf8')
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    ca: text('ca.crt'),
    insecure: false,
    token: text('token').trim(),
    namespace: text('namespace').trim(),
  }
}

function read(path: string, fail: (reason: string) => Error): Fields {
  try {
    const value: unknown = parse(readFileSync(path, 'utf8'))
    if (typeof value === 'object' && value !== null) return value as Fields
  } catch (error) {
    throw fail((error as Error).message.split('\n')[0] ?? 'it cannot be read')
  }
  throw fail('it is empty')
}

function readPart(path: string, fail: (reason: string) => Error): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw fail(`it names \`${path}\`, which cannot be read`)
  }
}

interface PluginStatus {
  readonly token?: string
  readonly clientCertificateData?: string
  readonly clientKeyData?: string
}

/** client.authentication.k8s.io: a program that prints an ExecCredential. */
async function runPlugin(
  exec: Fields,
  env: Readonly<Record<string, string | undefined>>,
  fail: (reason: string) => Error,
): Promise<PluginStatus> {
  const { command, args = [], env: more = [], apiVersion } = exec
  if (typeof command !== 'string') throw fail('its user has an exec plugin without a command')
  const extra = Object.fromEntries(
    ((more as { name: string; value: string }[] | null) ?? []).map(({ name, value }) => [name, value]),
  )
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } })
  try {
    const { stdout } = await promisify(execFile)(command, (args as string[] | null) ?? [], {
      env: { ...withoutOwnSecrets(env), ...extra, KUBERNETES_EXEC_INFO: info } as NodeJS.ProcessEnv,
      timeout: 60_000,
    })
    return (JSON.parse(stdout) as { status?: PluginStatus }).status ?? {}
  } catch (error) {
    // What it printed may hold a token, so only how it ended is told.
    const { code } = error as { code?: unknown }
    throw fail(`its exec plugin \`${command}\` failed${code === undefined ? '' : ` (${String(code)})`}`)
  }
}
