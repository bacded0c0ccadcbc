/** Where credentials are kept: every place keeps the same promises, and none stands in for another. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import type { Credential } from '../../client/index.ts'
import { chosenStore, keptStore, type StoreKind } from './credential-store.ts'
import { type Keyring, systemKeyring } from './keyring.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-store-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
const credential: Credential = { kind: 'token', token: 'a-secret' }

/** A keyring in memory, in the place of the system's. */
function aKeyring() {
  const entries = new Map<string, string>()
  const keyring: Keyring = {
    get: async (account) => entries.get(account),
    set: async (account, secret) => void entries.set(account, secret),
    remove: async (account) => void entries.delete(account),
  }
  return { entries, open: async () => keyring }
}

for (const credentialStore of ['file', 'keyring'] as const) {
  test(`${credentialStore}: what is saved is loaded again, until it is forgotten`, async () => {
    const { open } = aKeyring()
    const door = { name: `door-${credentialStore}`, credentialStore }
    const store = keptStore(env, door, open)
    assert.equal(await store.load(), undefined)
    await store.alone(() => store.save(credential))
    assert.deepEqual(await keptStore(env, door, open).load(), credential)
    await store.forget()
    assert.equal(await keptStore(env, door, open).load(), undefined)
    await store.forget()
  })
}

test('what is in a keyring is in no file', async () => {
  const { open, entries } = aKeyring()
  const store = keptStore(env, { name: 'secret', credentialStore: 'keyring' }, open)
  await store.alone(() => store.save(credential))
  assert.match(entries.get('secret') ?? '', /a-secret/)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  for (const file of files) {
    assert.doesNotMatch(readFileSync(join(file.parentPath, file.name), 'utf8'), /a-secret/)
  }
})

test('none keeps nothing beyond the process', async () => {
  const store = keptStore(env, { name: 'nowhere', credentialStore: 'none' })
  await store.save(credential)
  assert.deepEqual(await store.load(), credential)
  assert.equal(await keptStore(env, { name: 'nowhere', credentialStore: 'none' }).load(), undefined)
  assert.equal(existsSync(join(folder, 'kfdoor', 'credentials', 'nowhere.json')), false)
})

test('a keyring that holds something else, or fails, is said and nothing takes its place', async () => {
  const { open, entries } = aKeyring()
  entries.set('odd', '{"not":"ours"}')
  const odd = keptStore(env, { name: 'odd', credentialStore: 'keyring' }, open)
  await assert.rejects(
    odd.load(),
    (error) => isFault(error) && error.code === 'ERR_KEYRING' && !/ours"/.test(error.message),
  )
  const broken = keptStore(env, { name: 'broken', credentialStore: 'keyring' }, async () => {
    throw new Error('no service')
  })
  await assert.rejects(broken.save(credential), /no service/)
  assert.equal(existsSync(join(folder, 'kfdoor', 'credentials', 'broken.json')), false)
})

test('the keyring of this machine works, or says what to do', async () => {
  const keyring = await systemKeyring()
  try {
    await keyring.set('kfdoor-test', 'x')
    assert.equal(await keyring.get('kfdoor-test'), 'x')
    await keyring.remove('kfdoor-test')
    assert.equal(await keyring.get('kfdoor-test'), undefined)
  } catch (error) {
    assert.ok(isFault(error) && error.code === 'ERR_KEYRING')
    assert.match(
      error.message,
      /the keyring cannot be used: .+; .+, or sign in with `--credential-store file`/,
    )
  }
})

const choices: readonly (readonly [
  asked: string | undefined,
  env: string | undefined,
  before: StoreKind | undefined,
  want: StoreKind,
])[] = [
  [undefined, undefined, undefined, 'file'],
  [undefined, undefined, 'keyring', 'keyring'],
  [undefined, 'none', 'keyring', 'none'],
  ['file', 'none', 'keyring', 'file'],
  [undefined, '', undefined, 'file'],
]
for (const [asked, told, before, want] of choices) {
  test(`asked ${asked}, environment ${told}, before ${before}: ${want}`, () => {
    assert.equal(chosenStore({ KFDOOR_CREDENTIAL_STORE: told }, asked, before), want)
  })
}
test('a place that is none is refused', () => {
  assert.throws(() => chosenStore({}, 'vault', undefined), /`vault` is no place/)
})

const exposures: readonly (readonly [why: string, expose: (path: string) => void])[] = [
  ['the group may read', (path) => chmodSync(path, 0o640)],
  ['others may write', (path) => chmodSync(path, 0o602)],
  [
    'is a link',
    (path) => {
      renameSync(path, `${path}.real`)
      symlinkSync(`${path}.real`, path)
    },
  ],
  [
    'is a link to nothing',
    (path) => {
      rmSync(path)
      symlinkSync('/nowhere', path)
    },
  ],
]
for (const [why, expose] of exposures) {
  test(`a credential file that ${why} is not used`, { skip: process.platform === 'win32' }, async () => {
    const store = keptStore(env, { name: 'exposed', credentialStore: 'file' })
    await store.alone(() => store.save(credential))
    assert.deepEqual(await store.load(), credential)
    expose(join(folder, 'kfdoor', 'credentials', 'exposed.json'))
    await assert.rejects(
      keptStore(env, { name: 'exposed', credentialStore: 'file' }).load(),
      (error) =>
        isFault(error) && error.code === 'ERR_CREDENTIALS_EXPOSED' && !error.message.includes('a-secret'),
    )
    // Signing in anew replaces it, and touches nothing it pointed at.
    await store.alone(() => store.save(credential))
    assert.deepEqual(await store.load(), credential)
  })
}
