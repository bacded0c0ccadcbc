/** One thing that is done to a trust store. Data, so that it can be shown before it is done, or instead. */
export type Step =
  | { readonly do: 'write'; readonly path: string; readonly text: string; readonly asRoot: boolean }
  | { readonly do: 'remove'; readonly path: string; readonly asRoot: boolean }
  | {
      readonly do: 'run'
      readonly command: readonly string[]
      readonly asRoot: boolean
      /** It may fail without harm, for example because nothing was there to be deleted. */
      readonly mayFail?: true
    }

/** A place where programs look for roots, and what it takes to change it. */
export interface Store {
  /** `system`, `nss`, `java`. */
  readonly kind: StoreKind
  /** For people: `Debian's store`, `/home/me/.pki/nssdb`. */
  readonly what: string
  /** Who reads it. */
  readonly who: string
  readonly install: readonly Step[]
  readonly uninstall: readonly Step[]
  /** The file its programs read, in PEM: it tells whether the root is in it afterwards. */
  readonly bundle?: string
  /** A command that succeeds where the root is in it, and changes nothing. */
  readonly ask?: readonly string[]
}

/** A store that is there and cannot be changed, and why. */
export interface Unusable {
  readonly kind: StoreKind
  readonly what: string
  readonly why: string
}

export type StoreKind = 'system' | 'nss' | 'java'

/** What a machine is like, as far as it decides about trust stores. All of it is looked up outside. */
export interface Machine {
  readonly platform: string
  readonly home: string
  /** `/`, or the root of a system that lies in a folder. */
  readonly root: string
  readonly java?: string
  exists(path: string): boolean
  /** Whether a program can be started. */
  has(program: string): boolean
  /** Folders that match, `*` for one name; for the profiles of Firefox. */
  glob(pattern: string): readonly string[]
}

/** The root to be trusted, and the names it gets in stores: the same for the same certificate, on every machine. */
export interface Root {
  readonly pem: string
  /** `kfdoor root 1a2b3c4d for example.com (0f1e2d3c)`. */
  readonly name: string
  /** `kfdoor-0f1e2d3c`: for files and aliases. */
  readonly slug: string
  /** SHA-1 in hexadecimal, which is how Windows and macOS name certificates. */
  readonly sha1: string
}
