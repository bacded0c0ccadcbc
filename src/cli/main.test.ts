/** The command line as a person meets it: help, mistakes, exit codes, streams. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { type } from './a-terminal.fixture.ts'
import { type Io, wantsColour } from './io.ts'
import { registry } from './registry.ts'

const kfdoor = fileURLToPath(new URL('../../bin/kfdoor.mjs', import.meta.url))
const silent: Io = {
  out: () => {},
  err: () => {},
  env: {},
  tty: { in: false, out: false, err: false },
  readStdin: async () => '',
  exit: () => {},
}

/** Every command and every command below one, as typed. */
function below(command: CommandUnknownOpts, path: readonly string[]): (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => below(child, [...path, child.name()]))]
}

for (const entry of registry) {
  test(`kfdoor ${entry.name} --help explains itself and its children, with examples`, async () => {
    const command = (await entry.load())(silent)
    assert.equal(command.name(), entry.name)
    for (const path of below(command, [entry.name])) {
      const { out, err, code } = await type([...path, '--help'])
      assert.equal(code, 0, path.join(' '))
      assert.equal(err, '')
      assert.ok(out.startsWith(`Usage: kfdoor ${path.join(' ')}`), out)
      assert.match(out, /^Examples?:\n {2}\S/m, `\`kfdoor ${path.join(' ')} --help\` ends in examples`)
    }
  })
}

test('kfdoor --help names every command, and fits a terminal', async () => {
  const { out, err, code } = await type(['--help'])
  assert.deepEqual([err, code], ['', 0])
  for (const { name } of registry) assert.match(out, new RegExp(`^  ${name}\\b`, 'm'))
  assert.deepEqual(
    out.split('\n').filter((line) => line.length > 130),
    [],
  )
})

const mistakes: readonly (readonly [argv: readonly string[], says: RegExp, why: string])[] = [
  [['upp'], /no command `upp`\ndid you mean `kfdoor up`/, 'a mistyped command has a neighbour'],
  [['explian'], /did you mean `kfdoor explain`/, 'two letters swapped'],
  [['xyzzyxyzzy'], /no command `xyzzyxyzzy`\nsee `kfdoor --help`/, 'nothing is near'],
  [['help', 'upp'], /no command `upp`/, 'help for nothing'],
  [
    ['up', '--prot', '1'],
    /--prot[\s\S]*--port[\s\S]*`kfdoor up --help`/,
    'a mistyped option has a neighbour',
  ],
  [['up', '--port'], /--port[\s\S]*argument missing/, 'an option without its value'],
  [
    ['tls', 'enable', '--ca', '--host', 'kubeflow.example.com'],
    /--ca <folder>' argument missing before '--host'/,
    'an option in the place of a value',
  ],
  [['up', 'here'], /too many arguments/, 'an argument nobody takes'],
  [['version', '-o', 'xml'], /Allowed choices are text, json/, 'a value that is no choice'],
  [
    ['migrate', '-f', 'profile:v1.6'],
    /unknown option '-f'\nsay which first:\n {2}kfdoor migrate authn-filter\n[\s\S]*`kfdoor migrate --help`/,
    'a command that is only a name for several',
  ],
  [
    ['plan', 'foo'],
    /'foo'\nsay which first:[\s\S]*\n {2}kfdoor plan show <plan>\n/,
    'none of those below it',
  ],
  [
    ['kfp', 'runs', '--all'],
    /say which first:\n {2}kfdoor kfp runs \w+/,
    'two names, and a third is missing',
  ],
  [['token', '--nope'], /'--nope'\nsee `kfdoor token --help`/, 'a command of its own with one below it'],
  [['completion'], /missing required argument 'shell'/, 'a missing argument'],
  [['completion', 'csh'], /`csh` is not one of bash, zsh, fish, powershell/, 'a shell we do not speak'],
  [['explain-code', 'KFD9999'], /there is no code `KFD9999`/, 'a code nobody gave'],
  [['explain-code', 'KFD2999'], /there is no code `KFD2999`/, 'a problem nobody has'],
  [['login'], /kfdoor login https:\/\/HOST/, 'no door to sign in to'],
  [['login', 'ftp://host'], /`ftp:\/\/host` is not an address of a door/, 'another protocol'],
  [
    ['login', 'https://me:secret@host'],
    /`https:\/\/…@host` has a password in it/,
    'a password in an address',
  ],
  [
    ['login', 'host', '--device', '--browser'],
    /--browser and --device are different ways in/,
    'two ways at once',
  ],
  [['login', 'host', '--service-account', 'editor'], /is not NS\/NAME/, 'half a service account'],
  [['login', 'host', '--token-stdin'], /there is no token on stdin/, 'nothing piped in'],
  [
    ['token', '--user', 'a@example.com', '--service-account', 'a/b'],
    /cannot be used with/,
    'two people at once',
  ],
  [['token', '--user', 'a@example.com', '--duration', 'soon'], /`soon` is not a duration/, 'no duration'],
  [['hash-password'], /there is no password on stdin/, 'nothing to hash'],
  [['hash-password', '--cost', '4'], /--cost 4/, 'a cost Dex refuses'],
]

for (const [argv, says, why] of mistakes) {
  test(`kfdoor ${argv.join(' ')} is exit 2 with a code and the next step: ${why}`, async () => {
    const { out, err, code } = await type(argv)
    assert.equal(code, 2)
    assert.equal(out, '')
    assert.match(err, /^kfdoor: KFD\d{4}: /)
    assert.match(err, says)
    assert.doesNotMatch(err, /\n\s+at /, 'a stack trace')
  })
}

test('kfdoor alone shows the help and is exit 2', async () => {
  const { out, code } = await type([])
  assert.match(out, /^kfdoor: the front door/)
  assert.equal(code, 2)
})

test('a door that does not run is exit 3', async () => {
  const nowhere = { XDG_RUNTIME_DIR: '/nonexistent', XDG_STATE_HOME: '/nonexistent', HOME: '/nonexistent' }
  const { err, code } = await type(['token', '--user', 'user@example.com'], { env: nowhere })
  assert.match(err, /KFD0112: no door runs here; start one with `kfdoor up`/)
  assert.equal(code, 3)
})

const nothingKept = { XDG_CONFIG_HOME: '/nonexistent', XDG_DATA_HOME: '/nonexistent', HOME: '/nonexistent' }
for (const argv of [['token'], ['status'], ['whoami'], ['logout']]) {
  test(`kfdoor ${argv.join(' ')} with nothing kept and nobody to ask is exit 4, and says what to type`, async () => {
    const { out, err, code } = await type(argv, { env: nothingKept })
    assert.match(err, /^kfdoor: KFD1820: .*(`kfdoor login URL`|`kfdoor doors`)/)
    assert.deepEqual([out, code], ['', 4])
  })
}

test('a door nobody signed in to is exit 2', async () => {
  const { err, code } = await type(['token', '--door', 'work'], { env: nothingKept })
  assert.match(err, /KFD1823: no door is called `work`/)
  assert.equal(code, 2)
})

test('kfdoor explain-code prints cause and remedy, and the same as JSON', async () => {
  assert.match(
    (await type(['explain-code', 'kfd0110'])).out,
    /^KFD0110 \(ERR_PORT_BUSY\)\n\n.*\n\nWhat to do: /,
  )
  const json = JSON.parse((await type(['explain-code', 'KFD1501', '-o', 'json'])).out) as object
  assert.deepEqual(Object.keys(json), ['code', 'name', 'meaning', 'remedy'])
})

test('kfdoor explain-code explains every problem that `kfdoor why` knows', async () => {
  const { problems } = await import('../doctor/index.ts')
  for (const { code, title } of problems) {
    const { out } = await type(['explain-code', code])
    assert.ok(out.startsWith(`${code} (${title.en})\n`), code)
  }
})

test('kfdoor hash-password hashes what stands on stdin, without its final newline', async () => {
  const { verify } = await import('@node-rs/bcrypt')
  const { out } = await type(['hash-password', '--cost', '10'], { stdin: 'correct horse\n' })
  assert.match(out, /^\$2[aby]\$10\$.{53}\n$/)
  assert.equal(await verify('correct horse', out.trim()), true)
})

const colours: readonly (readonly [env: Record<string, string>, tty: boolean, want: boolean])[] = [
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, false, false],
  [{ TERM: 'dumb' }, true, false],
]
for (const [env, tty, want] of colours) {
  test(`colour is ${want ? 'on' : 'off'} ${tty ? 'on a terminal' : 'in a pipe'} with ${JSON.stringify(env)}`, () => {
    assert.equal(wantsColour({ ...silent, env, tty: { in: tty, out: tty, err: tty } }, 'out'), want)
  })
}

test('NO_COLOR is heard by every page of help', async () => {
  for (const { name } of registry) {
    const { out } = await type([name, '--help'], {
      env: { NO_COLOR: '1' },
      tty: { in: true, out: true, err: true },
    })
    assert.equal(out.includes('\u001b'), false, name)
  }
})

test('a reader that goes away is no failure: kfdoor --help | head -1', async () => {
  const { stdout, stderr } = await promisify(execFile)('bash', [
    '-c',
    'set -o pipefail; "$0" "$1" --help | head -1',
    process.execPath,
    kfdoor,
  ])
  assert.match(stdout, /^kfdoor: .*\n$/)
  assert.equal(stderr, '')
})

test('a reader that was never there is no failure either', async () => {
  const child = spawn(process.execPath, [kfdoor, 'completion', 'bash'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let err = ''
  child.stderr.on('data', (part: Buffer) => {
    err += part
  })
  const [code] = (await once(child, 'close')) as [number]
  assert.deepEqual([code, err], [0, ''])
})
