/** The completion scripts, in the shells they are for: bash is everywhere the tests run, others where they are. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { type } from '../a-terminal.fixture.ts'
import { registry } from '../registry.ts'

const script = async (shell: string): Promise<string> => (await type(['completion', shell])).out
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

/** What bash offers after these words; the last one is being typed. */
async function bashOffers(...words: readonly string[]): Promise<string[]> {
  const program = `${await script('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kfdoor; printf '%s\\n' "\${COMPREPLY[@]}"`
  const out = execFileSync('bash', ['--norc', '-c', program, 'bash', ...words], { encoding: 'utf8' })
  return out.split('\n').filter((line) => line !== '')
}

test('bash takes the script, and knows it afterwards', async () => {
  const checked = spawnSync('bash', ['-n'], { input: await script('bash'), encoding: 'utf8' })
  assert.deepEqual([checked.status, checked.stderr], [0, ''])
  const known = execFileSync('bash', ['--norc', '-c', `${await script('bash')}\ncomplete -p kfdoor`], {
    encoding: 'utf8',
  })
  assert.match(known, /-F _kfdoor kfdoor/)
})

const rows: readonly (readonly [words: readonly string[], offers: readonly string[]])[] = [
  [['kfdoor', ''], registry.map(({ name }) => name)],
  [
    ['kfdoor', 'expl'],
    ['explain', 'explain-code'],
  ],
  [['kfdoor', 'up', '--htt'], ['--http-port']],
  [['kfdoor', 'token', '--service'], ['--service-account']],
  [['kfdoor', 'completion', '--h'], ['--help']],
  [['kfdoor', 'nonsense', '--h'], []],
]
for (const [words, offers] of rows) {
  test(`bash, after "${words.join(' ')}", offers ${offers.slice(0, 3).join(' ') || 'nothing'}`, async () => {
    assert.deepEqual((await bashOffers(...words)).sort(), [...offers].sort())
  })
}

test('bash offers the children of a command', async () => {
  const offers = await bashOffers('kfdoor', 'ca', '')
  for (const child of ['init', 'csr', 'sign', 'secret']) assert.ok(offers.includes(child), child)
})

for (const [shell, check] of [
  ['zsh', ['-n', '/dev/stdin']],
  ['fish', ['--no-execute', '/dev/stdin']],
] as const) {
  if (!has(shell)) {
    test(`${shell} takes the script (left out: no ${shell} on this machine)`, { skip: true })
    continue
  }
  test(`${shell} takes the script`, async () => {
    const checked = spawnSync(shell, check, { input: await script(shell), encoding: 'utf8' })
    assert.deepEqual([checked.status, checked.stderr], [0, ''])
  })
}

for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
  test(`${shell}'s script names every command and quotes what it says of them`, async () => {
    const text = await script(shell)
    for (const { name } of registry) assert.ok(text.includes(name), name)
    const quotes = text.match(/'/g) ?? []
    assert.equal(quotes.length % 2, 0)
  })
}
