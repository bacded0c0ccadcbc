/**
 * `--credential-store keyring` at a real Secret Service: gnome-keyring on a message bus of the test's own.
 * What is stored is found again, a locked or missing service is said with a way on, and no file and no
 * command line ever holds the credential.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Door, run, startDoor } from './door.ts'
import { debian, type Unpacked } from './parts/debian.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-keyring-'))
const account = 'kept-in-a-keyring'

/** Nothing is started by name: without a prompter a locked keyring says so at once. */
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=${folder}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

describe('a keyring of the system', {
  skip: process.platform === 'linux' ? false : 'a Secret Service is a thing of Linux',
  timeout: 600_000,
}, () => {
  const running: ChildProcess[] = []
  let programs: Unpacked
  let door: Door
  let env: NodeJS.ProcessEnv

  /** Owns `org.freedesktop.secrets` when it resolves; without a password its keyring stays locked. */
  async function startService(password: string | undefined): Promise<() => Promise<void>> {
    const program = join(programs.root, 'usr/bin/gnome-keyring-daemon')
    const unlock = password === undefined ? [] : ['--unlock']
    const child = spawn(program, ['--foreground', '--components=secrets', ...unlock], {
      env: { ...programs.env, ...env, XDG_RUNTIME_DIR: env.HOME },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    running.push(child)
    child.stdin.end(password ?? '')
    // It says nothing when it is there: it is asked for an entry nobody has, until somebody answers.
    for (;;) {
      const { said } = await ask(['--input-type=module', '-e', probe], env)
      if (/there|prompt|locked/i.test(said)) break
      assert.equal(child.exitCode, null, `gnome-keyring-daemon ended; it was asked and ${said}`)
    }
    return async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill()
      await once(child, 'exit')
    }
  }

  const login = () =>
    run(['login', door.ready.url, '--name', account, '--credential-store', 'keyring'], {
      env: { ...env, KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' },
    })

  before(async () => {
    programs = await debian(['gnome-keyring', 'dbus'], 'usr/bin/gnome-keyring-daemon')
    const config = join(folder, 'bus.conf')
    writeFileSync(config, busConfig)
    const bus = spawn(
      join(programs.root, 'usr/bin/dbus-daemon'),
      ['--config-file', config, '--nofork', '--print-address=1'],
      { env: programs.env, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    running.push(bus)
    const [address] = (await once(createInterface({ input: bus.stdout }), 'line')) as [string]
    door = await startDoor([])
    const home = join(folder, 'home')
    mkdirSync(home, { mode: 0o700 })
    env = {
      ...door.env,
      ...{ HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, KUBECONFIG: '' },
      DBUS_SESSION_BUS_ADDRESS: address,
    }
  })
  after(async () => {
    await door?.stop()
    for (const child of running.reverse()) child.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  test('without a service the sign-in fails, says how to go on, and keeps nothing anywhere', async () => {
    const { code, err } = await login()
    assert.equal(code, 4)
    assert.match(
      err,
      /KFD1833: the keyring cannot be used: .*start a Secret Service .*--credential-store file/,
    )
    assert.doesNotMatch(err, /12341234|\n\s+at /)
    // Said before anybody has signed in: nothing is there to be kept.
    assert.equal(existsSync(join(folder, 'home', 'kfdoor')), false)
  })

  test('it is stored, read, and taken out again; no file and no command line holds it', async () => {
    const stop = await startService('of the keyring')
    const signedIn = await login()
    assert.equal(signedIn.code, 0, signedIn.err)

    const { out, code } = await run(['token', '-o', 'cookie'], { env })
    assert.equal(code, 0)
    const secret = out.trim().replace(/^[^=]+=/, '')
    assert.ok(secret.length > 20)
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    assert.ok(files.length > 1)
    for (const file of files) {
      const text = readFileSync(join(file.parentPath, file.name), 'latin1')
      assert.ok(!text.includes(secret), `${file.name} holds the credential`)
    }
    assert.ok(!commandLines().includes(secret))
    const who = await run(['whoami', '-o', 'json'], { env })
    assert.equal(JSON.parse(who.out).user, 'user@example.com')
    assert.equal((await run(['exec', '--', 'sh', '-c', 'curl -fsS "$KFDOOR_URL/"'], { env })).code, 0)
    await stop()
  })

  test('locked, it is said, and not gone around', async () => {
    const stop = await startService(undefined)
    for (const words of [['whoami'], ['token'], ['exec', '--', 'true']]) {
      const { out, err, code } = await run(words, { env })
      assert.equal(code, words[0] === 'exec' ? 125 : 4, err)
      assert.equal(out, '')
      assert.match(err, /KFD1833: the keyring cannot be used: .*unlock it/)
    }
    // What is known of the door without its credential is told all the same.
    assert.match((await run(['doors'], { env })).out, new RegExp(account))
    await stop()
  })

  test('unlocked again it is there, and logging out takes it out', async () => {
    const stop = await startService('of the keyring')
    assert.equal((await run(['whoami'], { env })).code, 0)
    assert.equal((await run(['logout'], { env })).code, 0)
    const { code, err } = await run(['token'], { env })
    assert.equal(code, 4)
    assert.match(err, /KFD1820: nothing is kept/)
    await stop()
  })
})

const probe = `
const { AsyncEntry } = await import('@napi-rs/keyring')
await new AsyncEntry('kfdoor', 'nobody').getPassword().then(() => console.log('there'), (error) => console.log(error.message))
`

/** What a program of Node’s says. */
async function ask(words: readonly string[], env: NodeJS.ProcessEnv): Promise<{ readonly said: string }> {
  const child = spawn(process.execPath, words, {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (part) => {
    said += part
  })
  await once(child, 'close')
  return { said }
}

/** Of every process of this machine that one may look at. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
    .join('\n')
}
