import { execFile, execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Fault, withoutOwnSecrets } from '../../base/index.ts'
import { type Machine, type Step, type Store, writePublic } from '../../pki/index.ts'

interface Said {
  readonly stderr?: string
  readonly stdout?: string
  readonly message: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** This machine, or the system in a folder of it. */
export function thisMachine(env: Environment, root = '/'): Machine {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : ['']
  return {
    platform: process.platform,
    home: env.HOME || homedir(),
    root,
    ...(env.JAVA_HOME && { java: env.JAVA_HOME }),
    exists: existsSync,
    has: (program) =>
      // sbin is not on every user's path, and that is where stores are changed.
      [...folders, '/usr/sbin', '/sbin'].some((folder) =>
        endings.some((ending) => existsSync(join(folder, program + ending))),
      ),
    glob: (pattern) =>
      globSync(pattern).filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory()),
  }
}

/** A step as a person would type it. */
export function stepText(step: Step, asAdministrator: boolean): string {
  const sudo = step.asRoot && asAdministrator ? 'sudo ' : ''
  switch (step.do) {
    case 'write':
      return `${sudo}install -m 644 ROOT ${quoted(step.path)}`
    case 'remove':
      return `${sudo}rm ${quoted(step.path)}`
    case 'run':
      return `${sudo}${step.command.map(quoted).join(' ')}`
  }
}

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

/** Whether steps for the administrator go through `sudo`. */
export const needsSudo = () => process.platform !== 'win32' && process.getuid?.() !== 0

/**
 * Does the steps in order and stops at the first that fails.
 *
 * @throws Fault ERR_TRUST_STORE with what the program said
 */
export async function runSteps(steps: readonly Step[], env: Environment): Promise<void> {
  for (const step of steps) {
    if (step.asRoot && needsSudo()) await asAdministrator(step)
    else if (step.do === 'write') {
      mkdirSync(dirname(step.path), { recursive: true })
      writePublic(step.path, step.text)
    } else if (step.do === 'remove') rmSync(step.path, { force: true })
    else await run(step.command, env).catch(unlessItMay(step))
  }
}

/**
 * Whether a store is now as it was meant to be; undefined = that cannot be seen. Programs that change
 * stores may say nothing and do nothing: Debian's keeps its bundle when the last root is gone.
 */
export function isAsMeant(store: Store, pem: string, meant: 'install' | 'uninstall'): boolean | undefined {
  if (store.bundle === undefined) return undefined
  const held = existsSync(store.bundle) ? readFileSync(store.bundle, 'utf8') : ''
  return held.replaceAll('\r', '').includes(pem.trim()) === (meant === 'install')
}

/**
 * Whether nothing is left to be done to a store. The programs that change it fail where the root is there
 * already, or is not, which is no failure to whoever asks once more.
 */
export async function isDone(
  store: Store,
  pem: string,
  meant: 'install' | 'uninstall',
  env: Environment,
): Promise<boolean> {
  if (store.ask !== undefined) {
    const held = await run(store.ask, env).then(
      () => true,
      () => false,
    )
    return held === (meant === 'install')
  }
  // What an install writes may lie there and not have been taken up; the bundle may be ahead of it.
  const written = store.uninstall.some((step) => step.do === 'remove' && existsSync(step.path))
  return meant === 'uninstall' && !written && isAsMeant(store, pem, meant) === true
}

/**
 * What a root was before it was renewed, as `ca-1a2b3c4d.crt` beside `ca.crt`. Whoever has that in a store
 * trusts the same key.
 */
export function formerRoots(file: string): readonly string[] {
  const [folder, stem] = [dirname(file), basename(file).replace(/\.crt$/, '')]
  const { publicKey } = new X509Certificate(readFileSync(file))
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${stem}-`) && /^-[0-9a-f]{8}\.crt$/.test(name.slice(stem.length)))
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => new X509Certificate(readFileSync(path)).publicKey.equals(publicKey))
}

async function asAdministrator(step: Step): Promise<void> {
  const words =
    step.do === 'write'
      ? ['tee', step.path]
      : step.do === 'remove'
        ? ['rm', '-f', step.path]
        : [...step.command]
  try {
    // The terminal is sudo's own, for the password; what is written goes in by stdin.
    execFileSync('sudo', ['--prompt=Password for sudo, to change a trust store: ', '--', ...words], {
      stdio: [step.do === 'write' ? 'pipe' : 'inherit', 'ignore', 'inherit'],
      ...(step.do === 'write' && { input: step.text }),
    })
  } catch (cause) {
    if (step.do === 'run' && step.mayFail) return
    throw new Fault(
      'ERR_TRUST_STORE',
      { command: `sudo ${words[0]}`, reason: 'it did not succeed' },
      { cause },
    )
  }
}

const unlessItMay =
  ({ mayFail }: { readonly mayFail?: true }) =>
  (error: unknown): void => {
    if (!mayFail) throw error
  }

async function run([program = '', ...words]: readonly string[], env: Environment): Promise<void> {
  try {
    const path = [env.PATH, '/usr/sbin', '/sbin'].filter(Boolean).join(delimiter)
    await promisify(execFile)(program, words, {
      env: { ...withoutOwnSecrets(env), PATH: path },
      timeout: 120_000,
      windowsHide: true,
    })
  } catch (cause) {
    const { stderr = '', stdout = '', message } = cause as Said
    // keytool complains on stdout, and Java says on stderr what it was started with.
    const [said = ''] = [stderr, stdout, message]
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.trim() !== '' && !line.startsWith('Picked up '))
    throw new Fault('ERR_TRUST_STORE', { command: program, reason: said.slice(0, 300) }, { cause })
  }
}
