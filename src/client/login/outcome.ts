import type { Cookie } from '../http/cookie-jar.ts'
import type { DoorKind, SignOut } from '../recognise.ts'

/** A way in that Dex offers on its chooser page. */
export interface Connector {
  readonly id: string
  readonly name: string
}

/** What was learned about the door on the way in; shown to people, never decided by. */
export interface Seen {
  readonly kind: DoorKind
  /** As tokens name it, where discovery told. */
  readonly issuer?: string
  readonly connector?: string
  readonly connectors?: readonly Connector[]
  /** Dex asked whether the application may know you. */
  readonly approval?: boolean
  /** `2.36–2.45`: the Dex versions that behave so. */
  readonly dex?: string
  readonly signOut?: SignOut
}

/** What somebody holds who is in. */
export type Credential =
  | {
      readonly kind: 'session'
      readonly cookies: readonly Cookie[]
      /** Milliseconds since the epoch; undefined = nothing tells. */
      readonly expiresAt?: number
    }
  | {
      readonly kind: 'token'
      /** Goes out as `Authorization: Bearer`. */
      readonly token: string
      readonly expiresAt?: number
      readonly refresh?: {
        readonly token: string
        /** Where it is exchanged, at the door's origin. */
        readonly endpoint: string
        readonly clientId: string
        readonly clientSecret?: string
      }
    }
  /** A file that somebody else keeps fresh, as a projected volume; read again whenever it changes. */
  | { readonly kind: 'token-file'; readonly path: string }
  /** The cluster is asked for a new token whenever the last one ends. */
  | {
      readonly kind: 'service-account'
      readonly namespace: string
      readonly name: string
      readonly audience?: string
      readonly kubeconfig?: string
      readonly context?: string
      readonly token?: string
      readonly expiresAt?: number
    }
  | { readonly kind: 'none' }

export interface SignedIn {
  readonly credential: Credential
  readonly user?: string
  readonly seen: Seen
}
