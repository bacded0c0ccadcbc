import { type FaultRows, forWhy } from './fault-row.ts'

/** Why nobody could be signed in at a door, or a credential does not serve (the rest of `KFD181x` and `KFD182x`, `KFD1833`). */
export interface SignInFacts {
  readonly ERR_CONNECTOR_CHOICE: {
    readonly asked?: string
    readonly connectors: readonly { readonly id: string; readonly name: string }[]
  }
  readonly ERR_CREDENTIALS_WRONG: {
    readonly door: string
    readonly user?: string
    readonly words: string
    /** What was shown, where it was no password. */
    readonly what?: 'token' | 'cookie'
  }
  readonly ERR_NEEDS_BROWSER: { readonly door: string; readonly where: string; readonly connector?: string }
  readonly ERR_SIGN_IN_EXPIRED: { readonly door: string; readonly words: string }
  readonly ERR_SIGN_IN_CSRF: { readonly door: string; readonly words: string; readonly hint?: string }
  readonly ERR_SIGN_IN_LIMITED: {
    readonly door: string
    readonly words: string
    readonly retryAfter?: string
  }
  readonly ERR_CREDENTIALS_MISSING: { readonly door: string; readonly next: string }
  readonly ERR_CREDENTIALS_EXPIRED: { readonly door: string; readonly at?: string; readonly next: string }
  readonly ERR_CREDENTIALS_EXPOSED: { readonly path: string; readonly mode: string }
  readonly ERR_DOOR_UNKNOWN: { readonly name: string; readonly known: readonly string[] }
  readonly ERR_SIGN_IN_REFUSED: { readonly door: string; readonly status: number; readonly words: string }
  readonly ERR_KEYRING: { readonly reason: string; readonly next: string }
}

const hintFor = {
  password: 'check user name and password, and sign in again',
  token: 'see what the door makes of it with `kfdoor token inspect`, or sign in another way',
  cookie: 'sign in again',
} as const

export const signInFaults: FaultRows<SignInFacts> = {
  ERR_CONNECTOR_CHOICE: {
    number: 'KFD1810',
    sentence: (f) =>
      `${f.asked === undefined ? 'the door offers several ways in' : `the door has no connector \`${f.asked}\``}: ${f.connectors.map((one) => `\`${one.id}\` (${one.name})`).join(', ')}; choose one with \`--connector ID\``,
    meaning:
      'Dex offers several connectors, and a password belongs to one of them: kfdoor does not try yours on all.',
    remedy: 'name one with `--connector ID`',
  },
  ERR_CREDENTIALS_WRONG: {
    number: 'KFD1811',
    sentence: (f) =>
      `the door says: ${f.words}${f.user ? ` (as \`${f.user}\`)` : ''}; ${hintFor[f.what ?? 'password']} with \`kfdoor login ${f.door}\``,
    meaning:
      "The door, or the directory behind it, does not know this user name with this password. What it said is repeated in its own words. Dex's own password database wants the e-mail address.",
    remedy: 'check the user name and password, and whether another connector is meant',
  },
  ERR_NEEDS_BROWSER: {
    number: 'KFD1812',
    sentence: (f) =>
      f.connector
        ? `connector \`${f.connector}\` signs people in at ${f.where}, which needs a browser; run \`kfdoor login ${f.door} --browser --connector ${f.connector}\``
        : `this door signs people in at ${f.where}, which needs a browser; run \`kfdoor login ${f.door} --browser\`, or, if a password is enough there, add \`--trust-origin ${f.where}\``,
    meaning:
      'People sign in at an identity provider outside the door, or with a second factor. That cannot be done by filling a form from here.',
    remedy: 'use `kfdoor login URL --browser`, a service account, or a token',
  },
  ERR_SIGN_IN_EXPIRED: {
    number: 'KFD1817',
    sentence: (f) =>
      `the sign-in took too long or was used before: ${f.words}; begin again with \`kfdoor login ${f.door}\``,
    meaning: 'Dex keeps a sign-in for a while and ends it with its first use. This one was over.',
    remedy: 'sign in again',
  },
  ERR_SIGN_IN_CSRF: {
    number: 'KFD1818',
    sentence: (f) =>
      `the door lost the thread of this sign-in: ${f.words}${f.hint ? `; ${f.hint}` : ''}; try once more with \`kfdoor login ${f.door}\``,
    meaning:
      'The auth service ties a sign-in to the browser by a cookie, and found it missing or another: two sign-ins at once, or another host name between.',
    remedy: 'sign in again with the very address the door uses for itself',
  },
  ERR_SIGN_IN_LIMITED: {
    number: 'KFD1819',
    sentence: (f) =>
      `the door lets nobody try for now: ${f.words}${f.retryAfter ? `; try again in ${f.retryAfter} s` : '; wait a minute and try again'}`,
    meaning: 'Too many attempts were made, so the door slows everybody down who guesses passwords.',
    remedy: 'wait, then try again with the right one',
  },
  ERR_CREDENTIALS_MISSING: {
    number: 'KFD1820',
    sentence: (f) => `nothing is kept to enter \`${f.door}\` with; ${f.next}`,
    meaning:
      'The command needs to enter a door, and neither the kept doors nor the environment hold a credential for it. Without a terminal nobody is asked.',
    remedy:
      'sign in with `kfdoor login URL`, or set `KFDOOR_USERNAME` and `KFDOOR_PASSWORD`, or `KFDOOR_TOKEN`',
  },
  ERR_CREDENTIALS_EXPIRED: {
    number: 'KFD1821',
    sentence: (f) =>
      `the credential for \`${f.door}\` ${f.at ? `expired at ${f.at}` : 'is no longer taken'}; sign in again: \`${f.next}\``,
    meaning: 'A session or token has an end. This one is past it, or the door ended it earlier.',
    remedy: 'sign in again with `kfdoor login`',
  },
  ERR_CREDENTIALS_EXPOSED: {
    number: 'KFD1822',
    sentence: (f) =>
      `\`${f.path}\` may be read by others (mode ${f.mode}) and is not used; close it with \`chmod 600 ${f.path}\``,
    meaning:
      'A file with a credential has to be readable by its owner alone, as with an SSH key. Somebody else may have read this one.',
    remedy: 'close it with `chmod 600 FILE`; if others use this machine, sign out and in again',
  },
  ERR_DOOR_UNKNOWN: {
    number: 'KFD1823',
    sentence: (f) =>
      `no door is called \`${f.name}\`${f.known.length > 0 ? `; there are ${f.known.map((one) => `\`${one}\``).join(', ')}` : ''}; sign in with \`kfdoor login URL\``,
    meaning: 'A door is named with `--door` or `KFDOOR_DOOR` once it was signed in to.',
    remedy: 'list them with `kfdoor doors`',
  },
  ERR_SIGN_IN_REFUSED: {
    number: 'KFD1824',
    sentence: (f) =>
      `the door refused the sign-in (${f.status}): ${f.words}; see \`kfdoor why '${forWhy(f.words)}'\``,
    meaning:
      'The password was taken or not even asked for, and the door still ends the sign-in: its configuration, or a rule about who may enter.',
    remedy:
      'give its words to `kfdoor why`; whoever runs the door can look into the logs of Dex and of the auth service',
  },
  ERR_KEYRING: {
    number: 'KFD1833',
    sentence: (f) =>
      `the keyring cannot be used: ${f.reason}; ${f.next}, or sign in with \`--credential-store file\``,
    meaning:
      'The credential was to be kept in, or read from, the keyring of the operating system (`--credential-store keyring`), and that failed. It is not put anywhere else instead.',
    remedy:
      'start and unlock the keyring, or choose another place with `kfdoor login URL --credential-store file` or `none`',
  },
}
