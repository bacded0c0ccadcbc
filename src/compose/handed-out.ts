/** What `kfdoor token` hands out. Times are RFC 3339; null = nothing tells. */
export type Credential =
  | {
      readonly kind: 'token'
      readonly token: string
      readonly expiresAt: string | null
      readonly user: string
      readonly audiences: readonly string[]
    }
  | {
      readonly kind: 'session'
      readonly url: string
      readonly cookies: readonly { readonly name: string; readonly value: string }[]
      readonly expiresAt: string | null
      readonly user: string
    }
  /** The door is open. */
  | { readonly kind: 'none'; readonly url: string }
