/** Who signed in, as a connector knows them. */
export interface Identity {
  /** The connector's own id of the user; with the connector's id it makes the token's `sub`. */
  readonly userId: string
  readonly username: string
  readonly preferredUsername: string
  readonly email: string
  readonly emailVerified: boolean
  readonly groups: readonly string[]
  /** What the connector needs to find them again at a refresh; nobody else reads it. */
  readonly connectorData?: string
}

export type LoginResult =
  | { readonly kind: 'in'; readonly identity: Identity }
  | { readonly kind: 'wrong' }
  /** Too many are being checked already; try again after so many seconds. */
  | { readonly kind: 'busy'; readonly retryAfter: number }

/** A way to sign in with name and password. */
export interface PasswordConnector {
  readonly id: string
  /** On the button: "Log in with Email". */
  readonly name: string
  /** Dex's connector type, a class on its button. */
  readonly type: string
  /** Label of the name field: "Email Address", "Username". */
  readonly prompt: string
  /** Throws when the answer cannot be known, for example because the directory is down. */
  login(name: string, password: string, wants: { readonly groups: boolean }): Promise<LoginResult>
  /** The same user as of now, for a refresh; undefined when they are gone. Throws like `login`. */
  refresh(identity: Identity, wants: { readonly groups: boolean }): Promise<Identity | undefined>
}
