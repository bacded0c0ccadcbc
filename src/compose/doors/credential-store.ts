import { Fault } from '../../base/index.ts'
import { type CredentialStore, memoryStore } from '../../client/index.ts'
import type { Environment } from './folders.ts'
import { fileCredentialStore, forgetCredential } from './kept-credential.ts'
import type { KeptDoor } from './kept-doors.ts'
import { type Keyring, readFromKeyring, systemKeyring } from './keyring.ts'

/** Where a door's credential is kept; `none` = nowhere, every command is given it anew. */
export type StoreKind = 'file' | 'keyring' | 'none'
const storeKinds: readonly StoreKind[] = ['file', 'keyring', 'none']

/** A store one can also empty. */
export interface KeptStore extends CredentialStore {
  forget(): Promise<void>
}

/**
 * Which store a sign-in is asked to use: `--credential-store`, else `KFDOOR_CREDENTIAL_STORE`, else the one
 * the door had before, else files. Another is never taken in its place.
 *
 * @throws Fault ERR_USAGE
 */
export function chosenStore(
  env: Environment,
  asked: string | undefined,
  before: StoreKind | undefined,
): StoreKind {
  const word = asked ?? (env.KFDOOR_CREDENTIAL_STORE || undefined)
  if (word === undefined) return before ?? 'file'
  const found = storeKinds.find((kind) => kind === word)
  if (found) return found
  throw new Fault('ERR_USAGE', {
    message: `\`${word}\` is no place for a credential`,
    next: `use ${storeKinds.join(', ')} (\`--credential-store\`, KFDOOR_CREDENTIAL_STORE)`,
  })
}

/**
 * Said before anybody signs in for nothing: a keyring that is missing or stays locked.
 *
 * @throws Fault ERR_KEYRING
 */
export async function checkStore(
  kind: StoreKind,
  open: () => Promise<Keyring> = systemKeyring,
): Promise<void> {
  // An entry nobody has; one that is asked for also asks the person to unlock it.
  if (kind === 'keyring') await (await open()).get('kfdoor')
}

/** Where the credential of a door lies that somebody signed in to. */
export function keptStore(
  env: Environment,
  { name, credentialStore = 'file' }: Pick<KeptDoor, 'name' | 'credentialStore'>,
  open: () => Promise<Keyring> = systemKeyring,
): KeptStore {
  const file = fileCredentialStore(env, name)
  switch (credentialStore) {
    case 'file':
      return { ...file, forget: async () => forgetCredential(env, name) }
    case 'none':
      return { ...memoryStore(), forget: async () => {} }
    case 'keyring': {
      let opened: Promise<Keyring> | undefined
      const keyring = () => {
        opened ??= open()
        return opened
      }
      return {
        load: async () => readFromKeyring(await keyring(), name),
        save: async (credential) => (await keyring()).set(name, JSON.stringify(credential)),
        forget: async () => (await keyring()).remove(name),
        // The lock file holds nothing but a process id.
        alone: file.alone,
      }
    }
  }
}
