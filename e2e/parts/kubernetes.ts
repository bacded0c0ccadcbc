import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'
import { freePort, startNeighbour } from './process.ts'

/** A real API server with its own etcd, on loopback: no nodes, no controllers, all of the API. */
export interface Cluster {
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  /** PEM; what a client has to trust. */
  readonly caFile: string
  /** Of `admin`, who is in `system:masters`. */
  readonly adminToken: string
  /** The token of one of the users it was started with. @throws when it was not started with that one */
  token(user: string): string
  /** Writes a kubeconfig of mode 0600 whose current context is the admin's, with one more context per user. */
  kubeconfig(path: string): void
  /** One request as the admin, or as whoever `token` is. `path` begins with `/`. */
  call(method: string, path: string, options?: CallOptions): Promise<CallResult>
  close(): Promise<void>
}

export interface CallOptions {
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly token?: string
}

export interface CallResult {
  readonly status: number
  /** Parsed where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API are read by field in tests
  readonly body: any
}

export interface ClusterOptions {
  /** User name → groups; the admin is always there. */
  readonly users?: Readonly<Record<string, readonly string[]>>
}

/** `iss` and default audience of the tokens it makes for service accounts. */
export const clusterIssuer = 'https://kubernetes.default.svc.cluster.local'

interface Programs {
  readonly apiServer: string
  readonly etcd: string
}

const module = fileURLToPath(new URL('./kubernetes/', import.meta.url))

/**
 * kube-apiserver and etcd, built once from the Go module beside this file. Minutes the first time on
 * two cores, nothing after that.
 */
async function ensureKubernetes(): Promise<Programs> {
  const digest = createHash('sha256')
    .update(readFileSync(join(module, 'go.sum')))
    .digest('hex')
    .slice(0, 8)
  const folder = await cached(`kubernetes-${digest}`, (place) => {
    const source = mkdtempSync(join(tmpdir(), 'kfdoor-kubernetes-'))
    for (const name of ['go.mod', 'go.sum', 'tools.go']) copyFileSync(join(module, name), join(source, name))
    process.stderr.write('building kube-apiserver and etcd; minutes the first time\n')
    const build = (name: string, path: string) =>
      execFileSync('go', ['build', '-ldflags=-s -w', '-o', join(place, name), path], {
        cwd: source,
        stdio: 'inherit',
        env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      })
    try {
      build('kube-apiserver', 'k8s.io/kubernetes/cmd/kube-apiserver')
      build('etcd', 'go.etcd.io/etcd/server/v3')
    } finally {
      rmSync(source, { recursive: true, force: true })
    }
  })
  return { apiServer: join(folder, 'kube-apiserver'), etcd: join(folder, 'etcd') }
}

/** Starts both with ports nobody has and a folder of their own; resolves when the API answers. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const programs = await ensureKubernetes()
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-cluster-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const tokens = new Map<string, string>()
  const people: readonly (readonly [string, readonly string[]])[] = [
    ['admin', ['system:masters']],
    ...Object.entries(options.users ?? {}),
  ]
  const rows = people.map(([name, groups], index) => {
    const token = randomBytes(24).toString('hex')
    tokens.set(name, token)
    return `${token},"${name}",${index},"${groups.join(',')}"`
  })
  writeFileSync(join(folder, 'tokens.csv'), `${rows.join('\n')}\n`, { mode: 0o600 })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  mkdirSync(join(folder, 'certs'))
  const caFile = join(folder, 'certs', 'apiserver.crt')

  const client = await freePort()
  const peer = await freePort()
  const secure = await freePort()
  const etcd = await startNeighbour(
    programs.etcd,
    [
      '--data-dir',
      join(folder, 'etcd'),
      '--listen-client-urls',
      `http://127.0.0.1:${client}`,
      '--advertise-client-urls',
      `http://127.0.0.1:${client}`,
      '--listen-peer-urls',
      `http://127.0.0.1:${peer}`,
      // Nothing here has to survive the machine.
      '--unsafe-no-fsync',
    ],
    { ready: async () => (await fetch(`http://127.0.0.1:${client}/health`)).ok },
  ).catch((error: unknown) => {
    remove()
    throw error
  })
  const url = `https://127.0.0.1:${secure}`
  const adminToken = tokens.get('admin') ?? ''
  const call = caller(secure, caFile, adminToken)
  try {
    const server = await startNeighbour(
      programs.apiServer,
      [
        `--etcd-servers=http://127.0.0.1:${client}`,
        `--service-account-issuer=${clusterIssuer}`,
        `--service-account-key-file=${join(folder, 'sa.key')}`,
        `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
        `--api-audiences=${clusterIssuer}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${secure}`,
        `--cert-dir=${join(folder, 'certs')}`,
        `--token-auth-file=${join(folder, 'tokens.csv')}`,
        '--authorization-mode=RBAC',
        '--service-cluster-ip-range=10.96.0.0/16',
        // No controller makes the service accounts that it would want of every pod.
        '--disable-admission-plugins=ServiceAccount',
        // The endpoints of `kubernetes` may not be loopback, and nobody here asks for them.
        '--endpoint-reconciler-type=none',
      ],
      {
        ready: async () =>
          (await call('GET', '/readyz')).status === 200 &&
          // RBAC's own roles are written a moment after it says it is ready.
          (await call('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/view')).status === 200,
      },
    )
    return {
      url,
      caFile,
      adminToken,
      token(user) {
        const token = tokens.get(user)
        if (token === undefined) throw new Error(`the cluster was not started with a user ${user}`)
        return token
      },
      kubeconfig(path) {
        writeFileSync(path, kubeconfigOf(url, readFileSync(caFile), tokens), { mode: 0o600 })
      },
      call,
      async close() {
        await server.stop()
        await etcd.stop()
        remove()
      },
    }
  } catch (error) {
    await etcd.stop()
    remove()
    throw error
  }
}

/** JSON is YAML too. */
function kubeconfigOf(server: string, ca: Buffer, tokens: ReadonlyMap<string, string>): string {
  const names = [...tokens.keys()]
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'admin',
      clusters: [{ name: 'local', cluster: { server, 'certificate-authority-data': ca.toString('base64') } }],
      users: names.map((name) => ({ name, user: { token: tokens.get(name) } })),
      contexts: names.map((name) => ({ name, context: { cluster: 'local', user: name } })),
    },
    undefined,
    2,
  )
}

function caller(port: number, caFile: string, adminToken: string): Cluster['call'] {
  const json = 'application/json'
  return (method, path, { body, contentType = json, accept = json, token = adminToken } = {}) =>
    new Promise((done, failed) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          ca: readFileSync(caFile),
          agent: false,
          headers: {
            authorization: `Bearer ${token}`,
            accept,
            ...(text !== undefined && { 'content-type': contentType }),
          },
        },
        (answer) => {
          let all = ''
          answer.setEncoding('utf8').on('data', (part: string) => {
            all += part
          })
          answer.on('error', failed).on('end', () => {
            let parsed: unknown = all
            try {
              parsed = JSON.parse(all)
            } catch {
              // `/readyz` and the like answer in words.
            }
            done({ status: answer.statusCode ?? 0, body: parsed })
          })
        },
      )
      sent.on('error', failed).end(text)
    })
}
