import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openCaFolder, renew, type Store } from '../../pki/index.ts'
import { formerRoots, isDone, runSteps } from './trust.ts'

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const aStore = (rest: Partial<Store>): Store => ({
  kind: 'nss',
  what: 'a store',
  who: 'somebody',
  install: [],
  uninstall: [],
  ...rest,
})

/** A program that answers so. */
function program(folder: string, lines: string): string {
  const path = join(folder, 'tool')
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
  return path
}

test('a store that can be asked has nothing left to do where it is as it was meant to be', async (t) => {
  const folder = aFolder(t)
  for (const [exit, meant, done] of [
    [0, 'install', true],
    [0, 'uninstall', false],
    [1, 'install', false],
    [1, 'uninstall', true],
  ] as const) {
    const store = aStore({ ask: [program(folder, `exit ${exit}`)] })
    assert.equal(await isDone(store, 'PEM', meant, process.env), done, `${meant}, exit ${exit}`)
  }
})

test('a store of files is left alone only where neither the file nor the bundle has the root', async (t) => {
  const folder = aFolder(t)
  const [path, bundle] = [join(folder, 'anchor.crt'), join(folder, 'bundle.pem')]
  const store = aStore({ bundle, uninstall: [{ do: 'remove', path, asRoot: true }] })
  const left = () => isDone(store, 'PEM\n', 'uninstall', process.env)
  assert.equal(await left(), true)
  // Interrupted before the bundle was made, and before it was made anew.
  writeFileSync(path, 'PEM\n')
  assert.equal(await left(), false)
  rmSync(path)
  writeFileSync(bundle, 'OTHER\nPEM\n')
  assert.equal(await left(), false)
  assert.equal(await isDone(store, 'PEM\n', 'install', process.env), false)
})

test('a program that complains on stdout is quoted, and not what Java was started with', async (t) => {
  const tool = program(
    aFolder(t),
    'echo "Picked up JAVA_TOOL_OPTIONS: x" >&2; echo "keytool error: taken"; exit 1',
  )
  const step = { do: 'run', command: [tool], asRoot: false } as const
  await assert.rejects(runSteps([step], process.env), /keytool error: taken/)
  await runSteps([{ ...step, mayFail: true }], process.env)
})

test('the certificate a root had before it was renewed is known by its key', async (t) => {
  const folder = join(aFolder(t), 'ca')
  const { certFile } = await openCaFolder(folder, Date.now).init({ names: ['door.test'] })
  const other = join(folder, 'other')
  const foreign = await openCaFolder(other, Date.now).init({ names: ['door.test'] })
  assert.deepEqual(formerRoots(certFile), [])
  const { aside } = await renew(folder, 'ca', Date.now, { before: 30, force: true })
  assert.equal(aside.length, 1)
  copyFileSync(foreign.certFile, join(folder, 'ca-0a1b2c3d.crt'))
  assert.deepEqual(formerRoots(certFile), aside)
})
