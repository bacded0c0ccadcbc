import type { RecognisedDoor } from '../../client/index.ts'
import type { StoreKind } from './credential-store.ts'
import type { ReachOptions } from './reach.ts'

/** The ways in. One is taken: the one asked for, else the one the environment has everything for. */
export type Way =
  | { readonly by: 'password'; readonly username: string; readonly password: string }
  | { readonly by: 'password-grant'; readonly username: string; readonly password: string }
  | { readonly by: 'browser' }
  | { readonly by: 'paste' }
  | { readonly by: 'device' }
  | { readonly by: 'service-account'; readonly namespace: string; readonly name: string }
  | { readonly by: 'token'; readonly token: string }
  | { readonly by: 'token-file'; readonly path: string }
  | { readonly by: 'cookie'; readonly text: string }

export interface SignInOptions extends ReachOptions {
  readonly url: URL
  /** What to call the door; from its address when left out. */
  readonly name?: string
  /** Asked once the door is known to want a sign-in. */
  readonly way: (door: RecognisedDoor) => Promise<Way>
  readonly connector?: string
  readonly audience?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly allowPlainHttp?: boolean
  readonly trustedOrigins?: readonly string[]
  readonly trustCertificate?: string
  /** PEM that was remembered for this door before. */
  readonly keptAuthority?: string
  /** `--credential-store` as typed. */
  readonly credentialStore?: string
  /** Where this door's credential lay before. */
  readonly keptStore?: StoreKind
  readonly kubeconfig?: string
  readonly context?: string
  readonly signal?: AbortSignal
}

export interface SignInPorts {
  readonly say: (line: string) => void
  readonly openBrowser: (url: string) => void
  readonly askLine: (question: string) => Promise<string>
}
