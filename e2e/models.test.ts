/** `kfdoor models` from YAML and from a live door, and `kfdoor open`. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Door, kfdoor, run, startDoor } from './door.ts'

interface Models {
  readonly kind: string
  readonly models: readonly {
    readonly namespace: string
    readonly name: string
    readonly protocol: string
    readonly addresses: readonly {
      readonly url: string
      readonly open: readonly string[]
      readonly door: string
    }[]
    readonly at?: string
    readonly you?: string
  }[]
}
const namespace = 'kubeflow-user-example-com'

for (const [profile, url] of [
  ['26.03', `https://DOOR/serving/${namespace}/sklearn-iris`],
  // Knative of these releases has no domain outside the cluster: no gateway has an address for a model.
  ['v1.9', undefined],
  ['v1.8', undefined],
  ['v1.6', `https://sklearn-iris.${namespace}.example.com`],
] as const) {
  test(`${profile}: every model with its addresses, and who gets an answer there`, async () => {
    const { code, out } = await run(['models', '-f', `profile:${profile}`, '-o', 'json'])
    assert.equal(code, 0)
    const { kind, models } = JSON.parse(out) as Models
    assert.equal(kind, 'Models')
    assert.deepEqual(
      models.map(({ name, protocol }) => [name, protocol]),
      [
        ['sklearn-iris', 'v1'],
        ['sklearn-irisv2', 'v2'],
      ],
    )
    const inside = models[0]?.addresses.filter(({ door }) => door === 'inside the mesh') ?? []
    assert.ok(inside.length > 0)
    if (url === undefined) return assert.equal(models[0]?.addresses.length, inside.length)
    const address = models[0]?.addresses.find((one) => one.url === url)
    assert.ok(
      address?.open.includes('user:user@example.com'),
      JSON.stringify(models[0]?.addresses.map((one) => one.url)),
    )
    assert.ok(!address?.open.some((who) => who.startsWith('anonymous')))
    return undefined
  })
}

test('a door without models says so, and a door that is not named is asked for', async () => {
  const none = await run(['models', '-f', `profile:26.03`, '-n', 'nobody'])
  assert.equal(none.code, 1)
  assert.match(none.out, /no InferenceService/)
})

describe('a live door', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-models-'))
  let door: Door
  let env: NodeJS.ProcessEnv
  before(async () => {
    door = await startDoor(['--profile', '26.03'])
    env = {
      ...door.env,
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_DATA_HOME: join(folder, 'data'),
      HOME: folder,
      KUBECONFIG: '',
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
    }
    const person = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
    const { code, err } = await run(['login', door.ready.url], { env: { ...env, ...person } })
    assert.equal(code, 0, err)
  })
  after(async () => {
    await door.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('tells the models of your namespaces, where they are, and whether they answer you', async () => {
    const { code, out, err } = await run(['models', '-o', 'json'], { env })
    assert.equal(code, 0, err)
    const { models } = JSON.parse(out) as Models
    assert.deepEqual(
      models.map(({ name, at, you }) => [name, at, you]),
      ['sklearn-iris', 'sklearn-irisv2'].map((name) => [
        name,
        `${new URL(door.ready.url).origin}/serving/${namespace}/${name}`,
        'ready',
      ]),
    )
  })

  test('somebody else’s namespace is not told', async () => {
    const { code, err } = await run(['models', '-n', 'somebody-else'], { env })
    assert.equal(code, 2)
    assert.match(err, /no models app that would list them to you/)
  })

  test('the address is printed, and a path that is none refused', async () => {
    const { code, out, err } = await run(['open', '/pipeline/', '--print'], { env })
    assert.equal(code, 0, err)
    assert.equal(out.trim(), `${new URL(door.ready.url).origin}/pipeline/`)
    assert.equal((await run(['open', 'pipeline'], { env })).code, 2)
  })

  test('a browser that cannot get in by itself goes through the proxy', async () => {
    const browser = join(folder, 'browser')
    const opened = join(folder, 'opened')
    writeFileSync(browser, `#!/bin/sh\necho "$1" > ${opened}\n`)
    chmodSync(browser, 0o700)
    const child: ChildProcess = spawn(
      process.execPath,
      [kfdoor, 'open', '--proxy', '/api/workgroup/env-info'],
      {
        env: { ...env, BROWSER: browser },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    try {
      const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
      const address = String(said).trim()
      assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/api/)
      const answer = (await (await fetch(address)).json()) as { user: string }
      assert.equal(answer.user, 'user@example.com')
      for (let tries = 0; tries < 50; tries++) {
        try {
          if (readFileSync(opened, 'utf8').trim() === address) break
        } catch {
          // The browser has not begun yet.
        }
        await pause(50)
      }
      assert.equal(readFileSync(opened, 'utf8').trim(), address)
    } finally {
      child.kill()
      await once(child, 'exit')
    }
  })
})
