/**
 * Unmodified clients through `kfdoor proxy` and `kfdoor exec` at doors of all four releases whose sessions
 * live for a few seconds: kfp 2.17 and 1.8.22, KServe's own clients over REST and gRPC, and behind the door
 * KServe's own model server. The session ends in the middle, more than once, and no call fails.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { profileFiles } from '../src/compose/profiles.ts'
import { type Door, kfdoor, run, startDoor } from './door.ts'
import { ensureKfp, type KfpVersion } from './parts/kfp.ts'
import { kservePython } from './parts/kserve.ts'

const namespace = 'kubeflow-user-example-com'
/** Seconds a session lives. */
const LIFE = 4
const script = (name: string) => fileURLToPath(new URL(`python/${name}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-ends-'))
let kserve = ''
let model: ChildProcess | undefined
let models: Server

/**
 * A release as it is, but for how long a session lives. 1.8 and 1.9 have no address for a model outside the
 * cluster; there they get the path that 26.03's demo has.
 */
function shortLived(profile: '26.03' | 'v1.9' | 'v1.8' | 'v1.6'): string {
  const overlays = { tls: true, demo: true }
  const paths = profileFiles('26.03', overlays).filter(({ file }) => file.endsWith('demo/paths.yaml'))
  const own = profileFiles(profile, overlays)
  const place = join(folder, profile)
  for (const { file, text } of [...own, ...(/v1\.[89]/.test(profile) ? paths : [])]) {
    const path = join(place, file.replace(/^profile:/, ''))
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(
      path,
      text
        .replace('cookie_expire = "24h"', `cookie_expire = "${LIFE}s"`)
        .replace(/^( *)OIDC_AUTH_URL: .*$/m, `$&\n$1SESSION_MAX_AGE: "${LIFE}"`),
    )
  }
  return place
}

/** KServe's server has a port for REST and one for gRPC; a Service of the mesh leads to both. */
async function oneAddress(rest: number, grpc: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (first) => {
      const far = connect(String(first).startsWith('PRI') ? grpc : rest, '127.0.0.1')
      far.on('error', () => socket.destroy())
      socket.on('close', () => far.destroy())
      far.write(first)
      socket.pipe(far).pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

before(
  async () => {
    kserve = await kservePython()
    await Promise.all([ensureKfp('2.17.0'), ensureKfp('1.8.22')])
    const [rest, grpc] = [await freePort(), await freePort()]
    models = await oneAddress(rest, grpc)
    const words = [script('iris_server.py'), String(rest), String(grpc)]
    model = spawn(kserve, words, { stdio: 'ignore' })
    for (let tries = 0; ; tries++) {
      const answers = await fetch(`http://127.0.0.1:${rest}/v2/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (answers) break
      assert.ok(tries < 240 && model.exitCode === null, 'KServe’s own server did not start')
      await pause(250)
    }
  },
  { timeout: 900_000 },
)
after(() => {
  model?.kill('SIGKILL')
  models?.close()
  rmSync(folder, { recursive: true, force: true })
})

for (const profile of ['26.03', 'v1.9', 'v1.8', 'v1.6'] as const) {
  describe(`sessions of ${LIFE} s at ${profile}`, { timeout: 120_000, concurrency: true }, () => {
    let door: Door
    let env: NodeJS.ProcessEnv
    const proxies: ChildProcess[] = []
    before(async () => {
      const { port } = models.address() as AddressInfo
      const upstreams = ['', '-default'].map(
        (suffix) => `sklearn-irisv2-predictor${suffix}.${namespace}=http://127.0.0.1:${port}`,
      )
      door = await startDoor(['-f', shortLived(profile), '--upstream', ...upstreams])
      const home = join(folder, `home-${profile}`)
      env = { ...door.env, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, HOME: home, KUBECONFIG: '' }
      env.KFDOOR_USERNAME = 'user@example.com'
      env.KFDOOR_PASSWORD = '12341234'
      const { code, err } = await run(['login', door.ready.url], { env })
      assert.equal(code, 0, err)
    })
    after(async () => {
      for (const proxy of proxies) {
        proxy.kill()
        await once(proxy, 'exit')
      }
      await door.stop()
    })

    async function proxy(...args: string[]): Promise<string> {
      const words = [kfdoor, 'proxy', '-o', 'json', ...args]
      const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
      proxies.push(child)
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      return (JSON.parse(String(said)) as { url: string }).url
    }
    /** The session that is kept now. */
    const session = () => {
      const { doors } = JSON.parse(readFileSync(join(env.HOME ?? '', 'kfdoor/doors.json'), 'utf8')) as {
        doors: { name: string }[]
      }
      return readFileSync(join(env.HOME ?? '', `kfdoor/credentials/${doors[0]?.name}.json`), 'utf8')
    }
    const program = (version: KfpVersion) => script(version === '2.17.0' ? 'kfp2.py' : 'kfp1.py')
    // kfp 2 asks for v2beta1, which Kubeflow 1.6 did not have yet.
    const versions: readonly KfpVersion[] = profile === 'v1.6' ? ['1.8.22'] : ['2.17.0', '1.8.22']

    for (const version of versions) {
      it(`kfp ${version} through the proxy`, async () => {
        const first = session()
        const host = `${await proxy()}/pipeline`
        const args = [program(version), '--host', host, '--namespace', namespace]
        await promisify(execFile)(await ensureKfp(version), args, { timeout: 100_000 })
        assert.notEqual(session(), first, 'the session did not end under way')
      })

      it(`kfp ${version} through exec`, async () => {
        const first = session()
        const python = await ensureKfp(version)
        const line = `${python} ${program(version)} --host "$KF_PIPELINES_ENDPOINT" --namespace ${namespace}`
        const { code, err } = await run(['exec', '--', 'sh', '-c', line], { env })
        assert.equal(code, 0, err.slice(-1500))
        assert.notEqual(session(), first, 'the session did not end under way')
      })
    }

    for (const protocol of ['rest', 'grpc']) {
      it(`KServe’s own client over ${protocol}, at KServe’s own server`, async () => {
        const first = session()
        const url = await proxy('--model', `${namespace}/sklearn-irisv2`, '--no-secret')
        const target = protocol === 'rest' ? url : new URL(url).host
        const words = [script('kserve_infer.py'), protocol, target, String(LIFE * 1.5)]
        const { stdout } = await promisify(execFile)(kserve, words, { timeout: 60_000 })
        assert.ok(Number(stdout) >= 2, stdout)
        assert.notEqual(session(), first, 'the session did not end under way')
      })
    }
  })
}
