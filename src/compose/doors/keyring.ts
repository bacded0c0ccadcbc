import { Fault } from '../../base/index.ts'
import type { Credential } from '../../client/index.ts'

/** The operating system's keyring: macOS Keychain, Windows Credential Manager, Linux Secret Service. */
export interface Keyring {
  get(account: string): Promise<string | undefined>
  set(account: string, secret: string): Promise<void>
  remove(account: string): Promise<void>
}

const SERVICE = 'kfdoor'

/**
 * Loaded when it is first needed: it is an optional dependency with a binary for each platform.
 *
 * @throws Fault ERR_KEYRING
 */
export async function systemKeyring(): Promise<Keyring> {
  let library: typeof import('@napi-rs/keyring')
  try {
    library = await import('@napi-rs/keyring')
  } catch (cause) {
    const reason = 'the package @napi-rs/keyring, which speaks to it, is not installed here'
    throw new Fault(
      'ERR_KEYRING',
      { reason, next: 'install it with `npm install @napi-rs/keyring`' },
      { cause },
    )
  }
  const { AsyncEntry } = library
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const next =
        process.platform === 'linux'
          ? 'start a Secret Service (gnome-keyring, KWallet) and unlock it'
          : 'unlock it'
      throw new Fault('ERR_KEYRING', { reason, next }, { cause })
    }
  }
  // Left to itself the library takes the kernel's key store where no Secret Service is, which forgets at a reboot.
  const entry = (account: string) => new AsyncEntry(SERVICE, account, { linux: { store: 'secret-service' } })
  return {
    get: (account) => asked(async () => (await entry(account).getPassword()) ?? undefined),
    set: (account, secret) => asked(() => entry(account).setPassword(secret)),
    remove: (account) =>
      asked(async () => {
        // What is not there needs no removing, and some keyrings fail at it.
        if ((await entry(account).getPassword()) !== null) await entry(account).deleteCredential()
      }),
  }
}

/** @throws Fault ERR_KEYRING, and when what lies there is not what kfdoor wrote */
export async function readFromKeyring(keyring: Keyring, door: string): Promise<Credential | undefined> {
  const text = await keyring.get(door)
  if (text === undefined) return undefined
  try {
    const credential = JSON.parse(text) as Credential
    if (typeof credential?.kind === 'string') return credential
  } catch {
    // Not quoted: it is a secret.
  }
  throw new Fault('ERR_KEYRING', {
    reason: `its entry \`kfdoor\`, \`${door}\` is not a credential kfdoor wrote`,
    next: 'sign in again',
  })
}
