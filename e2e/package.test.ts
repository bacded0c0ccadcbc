/** The npm package as a stranger gets it: packed, installed in an empty folder, run. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

test('the packed tarball runs where nothing else of the checkout is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-pack-'))
  try {
    const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    })
    const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('['))) as [
      { filename: string; files: { path: string }[] },
    ]
    const paths = files.map(({ path }) => path)
    assert.ok(paths.includes('dist/cli/main.js'))
    assert.ok(paths.some((path) => path.startsWith('profiles/26.03')))
    assert.deepEqual(
      paths.filter((path) => /\.test\.|^src\/|^e2e\//.test(path)),
      [],
    )
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder])
    // Installed: the package below node_modules, beside the dependencies it declares.
    const home = join(folder, 'app', 'node_modules')
    mkdirSync(home, { recursive: true })
    cpSync(join(folder, 'package'), join(home, 'kfdoor'), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(home, 'kfdoor', 'node_modules'))
    assert.equal(existsSync(join(home, 'kfdoor', 'src')), false)
    const say = (...args: string[]) =>
      execFileSync(process.execPath, [join(home, 'kfdoor', 'bin', 'kfdoor.mjs'), ...args], {
        cwd: folder,
        encoding: 'utf8',
      })
    assert.match(say('version'), /^kfdoor \d+\.\d+\.\d+/)
    assert.match(say('--help'), /run and change a door/)
    assert.match(say('why', 'Jwt issuer is not configured'), /issuer/)
    assert.match(
      say(
        'explain',
        'GET',
        'http://kubeflow.example.com/',
        '-f',
        'profile:26.03',
        '--as',
        'anonymous',
        '-o',
        'json',
      ),
      /"verdict"/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
