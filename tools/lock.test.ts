/**
 * `npm ci` refuses a lock file that leaves out an optional dependency of another platform, and
 * `npm install` leaves them out where the registry it asks does not have them. The entry needs no more than
 * version, `optional`, `os`, `cpu` and `libc`; `git diff package-lock.json` shows what went missing.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly os?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>
}

test('the lock file names the binaries of every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => {
      const around = path
        .split('/node_modules/')
        .map((_, up, all) => all.slice(0, all.length - up).join('/node_modules/'))
      return ![...around, ''].some((each) => `${each}${each && '/'}node_modules/${name}` in packages)
    }),
  )
  assert.deepEqual(missing, [])
})

test('nothing that ships runs a script when it is installed', () => {
  const scripted = Object.entries(packages).filter(([, one]) => one.hasInstallScript && !one.dev)
  assert.deepEqual(
    scripted.map(([path]) => path),
    [],
  )
})

test('what ships is under a permissive licence', () => {
  const permissive =
    /^(MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|Unlicense|CC0-1\.0|BlueOak-1\.0\.0|\(?[A-Za-z0-9.-]+ (OR|AND) .*)$/
  const others = Object.entries(packages).filter(
    ([path, one]) => path !== '' && !one.dev && !permissive.test(one.license ?? ''),
  )
  assert.deepEqual(
    others.map(([path, { license }]) => `${path}: ${license}`),
    [],
  )
})
