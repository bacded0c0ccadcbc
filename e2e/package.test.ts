/**
 * What `npm install kfdoor` brings: Node strips no types below node_modules, so the package carries
 * compiled JavaScript, and it has to run without the sources and from any folder.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}
const dependencies = { ...manifest.dependencies, ...manifest.optionalDependencies }

describe('the packed tarball', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-pack-'))
  const home = join(folder, 'app', 'node_modules', 'kfdoor')
  const bin = join(home, 'bin', 'kfdoor.mjs')
  let paths: readonly string[]

  before(() => {
    const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('['))) as [
      { filename: string; files: { path: string }[] },
    ]
    paths = files.map(({ path }) => path)
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder])
    // Installed: the package below node_modules, beside what it depends on and nothing else.
    mkdirSync(join(folder, 'app', 'node_modules'), { recursive: true })
    cpSync(join(folder, 'package'), home, { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const say = (...args: readonly string[]) =>
    spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' })

  it('holds the program and its profiles, and no sources or tests', () => {
    assert.equal(existsSync(join(home, 'src')), false)
    for (const path of [
      'dist/cli/main.js',
      'profiles/26.03/release/gateways.yaml',
      'schemas/plan.schema.json',
      'LICENSE',
      'README.md',
    ]) {
      assert.ok(paths.includes(path), path)
    }
    assert.deepEqual(
      paths.filter(
        (path) => !/^(bin|dist|profiles|claims|schemas)\/|^[A-Z][A-Za-z.]*$|^package\.json$/.test(path),
      ),
      [],
    )
    assert.deepEqual(
      paths.filter((path) => /\.(test|fixture)\.|\/testing\b|(?<!\.d)\.ts$|\.(sqlite|jsonl)$/.test(path)),
      [],
    )
  })

  it('imports only what it declares', () => {
    const statement =
      /^(?:import [^'\n]*|(?:export [^'\n]*|\} )from )'([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm
    // The page is a browser's, whole in itself.
    const files = globSync('dist/**/*.js', { cwd: home, exclude: (name) => /console\/page/.test(name) })
    const imported = files.flatMap((file) =>
      [...readFileSync(join(home, file), 'utf8').matchAll(statement)].map(([, a, b]) => a ?? b ?? ''),
    )
    const packages = new Set(imported.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name))
    assert.ok(packages.has('commander') || packages.has('@commander-js/extra-typings'))
    assert.deepEqual(
      [...packages].filter((name) => !name.startsWith('node:') && !(name in dependencies)),
      [],
    )
  })

  it('is a library too: kfdoor/client, with types', () => {
    const app = join(folder, 'app')
    writeFileSync(join(app, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(app, 'use.ts'),
      `import { type Door, isFault, openDoor } from 'kfdoor/client'
export async function count(door: Door): Promise<number> {
  return (await door.kfp.runs.list({ namespace: 'team' })).length
}
try {
  await openDoor('http://127.0.0.1:9', { username: 'me', password: 'secret' })
} catch (error) {
  if (isFault(error) && error.code === 'ERR_PORT_CLOSED') console.log(error.number, error.facts.port.toFixed())
}
// @ts-expect-error: no such credentials
export const wrong = () => openDoor('https://door', { user: 'me' })
`,
    )
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const types = join(root, 'node_modules', '@types')
    execFileSync(
      process.execPath,
      [
        tsc,
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'esnext',
        '--typeRoots',
        types,
        '--types',
        'node',
        'use.ts',
      ],
      { cwd: app, stdio: 'inherit' },
    )
    const ran = spawnSync(process.execPath, ['use.ts'], { cwd: app, encoding: 'utf8' })
    assert.equal(ran.stdout, 'KFD1802 9\n', ran.stderr)
  })

  it('says its version and shows its help', () => {
    assert.match(say('version').stdout, /^kfdoor \d+\.\d+\.\d+/)
    assert.match(say('--help').stdout, /run and change a door/)
  })

  it('knows the problems', () => {
    assert.match(say('why', 'Jwt issuer is not configured').stdout, /issuer/)
  })

  it('finds the profiles', () => {
    const url = 'https://kubeflow.example.com/pipeline/'
    const { status, stdout } = say(
      'explain',
      'GET',
      url,
      '-f',
      'profile:26.03',
      '--as',
      'anonymous',
      '-o',
      'json',
    )
    assert.equal(status, 1)
    assert.equal((JSON.parse(stdout) as { verdict: string }).verdict, 'challenge')
  })

  it('opens the console, its page built and its engine running', async () => {
    const args = ['console', '-f', 'profile:26.03', '--no-open', '-o', 'json']
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(child.stdout)
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [string]
    const { url } = JSON.parse(line) as { url: string }
    const opened = await fetch(url, { redirect: 'manual' })
    const cookie = (opened.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const page = await (await fetch(new URL('/', url), { headers: { cookie } })).text()
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? ''
    assert.equal((await fetch(new URL(script, url), { headers: { cookie } })).status, 200)
    const picture = await fetch(new URL('/api/path.svg?path=/pipeline/', url), { headers: { cookie } })
    assert.match(await picture.text(), /^<svg .*CUSTOM/)
    child.kill('SIGTERM')
    await once(child, 'exit')
  })

  it('runs a door', async () => {
    const args = ['up', '-o', 'json', '--port', '0', '--http-port', '0', '--state', ':memory:']
    const door = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(door.stdout)
    const [line] = (await Promise.race([once(lines, 'line'), once(door, 'exit')])) as [string]
    const { direct } = JSON.parse(line) as { direct: { kserve: string } }
    const answer = await fetch(`${direct.kserve}/v1/models/sklearn-iris`)
    await answer.body?.cancel()
    assert.ok(answer.status < 500, String(answer.status))
    door.kill('SIGTERM')
    assert.equal((await once(door, 'exit'))[0], 0)
  })
})
