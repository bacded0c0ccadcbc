/**
 * A model on MLServer behind a door, and KServe's own client before it, unmodified: through `kfdoor proxy`
 * over REST and gRPC, through `kfdoor exec`, and `kfdoor infer` beside it.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Door, kfdoor, run, startDoor } from './door.ts'
import { kservePython } from './parts/kserve.ts'
import { type MlServer, startMlServer } from './parts/mlserver.ts'

const namespace = 'kubeflow-user-example-com'
const client = fileURLToPath(new URL('python/kserve_infer.py', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kfdoor-mlserver-'))

describe('a model on MLServer', { timeout: 600_000 }, () => {
  let kserve = ''
  let server: MlServer
  let both: Server
  let door: Door
  let env: NodeJS.ProcessEnv
  const proxies: ChildProcess[] = []
  before(async () => {
    kserve = await kservePython()
    const place = join(folder, 'model')
    mkdirSync(place)
    server = await startMlServer(place, 'sklearn-irisv2')
    // A Service of the mesh leads to both of its ports.
    both = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (first) => {
        const far = connect(String(first).startsWith('PRI') ? server.grpc : server.rest, '127.0.0.1')
        far.on('error', () => socket.destroy())
        socket.on('close', () => far.destroy())
        far.write(first)
        socket.pipe(far).pipe(socket)
      })
    })
    both.listen(0, '127.0.0.1')
    await once(both, 'listening')
    const { port } = both.address() as AddressInfo
    door = await startDoor([
      ...['--upstream', `sklearn-irisv2-predictor.${namespace}=http://127.0.0.1:${port}`],
    ])
    const home = join(folder, 'home')
    env = { ...door.env, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, HOME: home, KUBECONFIG: '' }
    const signedIn = await run(['login', door.ready.url], {
      env: { ...env, KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' },
    })
    assert.equal(signedIn.code, 0, signedIn.err)
  })
  after(async () => {
    for (const proxy of proxies) {
      if (proxy.exitCode !== null) continue
      proxy.kill()
      await once(proxy, 'exit')
    }
    await door?.stop()
    both?.close()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const protocol of ['rest', 'grpc'])
    it(`KServe’s client through the proxy, over ${protocol}`, async () => {
      const words = ['proxy', '-o', 'json', '--model', `${namespace}/sklearn-irisv2`, '--no-secret']
      const child = spawn(process.execPath, [kfdoor, ...words], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      proxies.push(child)
      const [said] = (await Promise.race([
        once(child.stdout, 'data'),
        once(child, 'exit').then(([code]) => assert.fail(`the proxy ended with ${code}`)),
      ])) as [Buffer]
      const { url } = JSON.parse(String(said)) as { url: string }
      const target = protocol === 'rest' ? url : new URL(url).host
      const { stdout } = await promisify(execFile)(kserve, [client, protocol, target, '1'], {
        timeout: 60_000,
      })
      assert.ok(Number(stdout) >= 2, stdout)
    })

  it('KServe’s client through exec', async () => {
    const line = `${kserve} ${client} rest "$KFDOOR_URL/serving/${namespace}/sklearn-irisv2" 1`
    const { code, out, err } = await run(['exec', '--', 'sh', '-c', line], { env })
    assert.equal(code, 0, err.slice(-1500))
    assert.ok(Number(out) >= 2, out)
  })

  it('kfdoor infer', async () => {
    const input = join(folder, 'input.json')
    const flowers = [6.8, 2.8, 4.8, 1.4, 6, 3.4, 4.5, 1.6]
    const tensor = { name: 'input-0', shape: [2, 4], datatype: 'FP32', data: flowers }
    writeFileSync(input, JSON.stringify({ inputs: [tensor] }))
    const { code, out, err } = await run(['infer', `${namespace}/sklearn-irisv2`, '-d', `@${input}`], {
      env,
    })
    assert.equal(code, 0, err)
    assert.deepEqual(JSON.parse(out).outputs[0].data, [1, 1])
  })
})
