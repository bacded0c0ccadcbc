/** The SDK, `kfdoor/client`: everything a program can import from this package. */
import { Fault } from '../base/index.ts'
import {
  type Agent,
  type Credential,
  createDoorFetch,
  createDoorSession,
  createKfp,
  createKserve,
  type DoorFetch,
  endOf,
  type KfpClient,
  type KserveModel,
  type ModelPlace,
  memoryStore,
  pastedCookie,
  refusePlainHttp,
  type WhoAmI,
  whoAmI,
} from '../client/index.ts'
import { openKeptDoor, readDoorUrl } from './doors/open-door.ts'
import { agentFor } from './doors/reach.ts'
import { readTokenFile, serviceAccountToken, signInWithPassword } from './doors/renew.ts'

export type { AnyFault, FaultCode, FaultFacts } from '../base/index.ts'
export { Fault, isFault } from '../base/index.ts'
export type {
  DoorFetch,
  Experiment,
  Health,
  InferRequest,
  InferResponse,
  KfpClient,
  KserveModel,
  ModelPlace,
  ModelRoute,
  NewRun,
  Pipeline,
  PipelineVersion,
  Prediction,
  RecurringRun,
  Run,
  Tensor,
  WhoAmI,
} from '../client/index.ts'

/**
 * What opens a door. All but a plain token and a cookie renew themselves.
 *
 * @example
 * await openDoor(url, { username: 'me@example.com', password })
 * await openDoor(url, { token: async () => (await vault.read('door')).token })
 * await openDoor(url, { tokenFile: '/var/run/secrets/kubeflow/pipelines/token' })
 * await openDoor(url, { serviceAccount: 'team/default-editor', audience: 'pipelines.kubeflow.org' })
 */
export type DoorCredentials =
  /** As at the door's form; `connector` is the id of one of Dex's, where there are several. */
  | { readonly username: string; readonly password: string; readonly connector?: string }
  /** A Bearer token, or a function that is asked for one whenever the last has ended. */
  | { readonly token: string | (() => string | Promise<string>) }
  /** A file that is read again when it changes, as a projected volume. */
  | { readonly tokenFile: string }
  /** `NAME=VALUE`, several with `; ` between. */
  | { readonly cookie: string }
  /** `NS/NAME` of the kubeconfig's cluster, which is asked for a token of one hour, for the API server without `audience`. */
  | {
      readonly serviceAccount: string
      readonly audience?: string
      readonly kubeconfig?: string
      readonly context?: string
    }

/** How a door is reached. */
export interface OpenDoorOptions {
  /** A file with the CA to trust; else what `kfdoor login` remembered, else `SSL_CERT_FILE`, else the system's. */
  readonly certificateAuthority?: string
  /** Take any certificate. For a test, never for a password that is used elsewhere. */
  readonly insecureSkipTlsVerify?: boolean
  /** Send a password or token without encryption to another machine. */
  readonly allowPlainHttp?: boolean
  /** More origins that belong to the door's sign-in. */
  readonly trustedOrigins?: readonly string[]
  /** In place of `process.env`: proxies, `KFDOOR_…`, XDG folders. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * A door that is open, until `close()` or the end of an `await using`.
 *
 * @example
 * await using door = await openDoor('https://kubeflow.example.com')
 * console.log((await door.whoAmI()).namespaces)
 */
export interface Door {
  /** Its address as it was given or kept; what `fetch` takes is resolved against it. */
  readonly url: URL
  /** `fetch` through the door; a path is one of the door's. */
  readonly fetch: DoorFetch
  /** The Bearer token to send now; undefined where the door is entered with a cookie. */
  token(): Promise<string | undefined>
  /** The cookies to send now; empty where it is entered with a token. */
  cookies(): Promise<readonly { readonly name: string; readonly value: string }[]>
  /** Who the door takes the caller for. @throws Fault as `fetch` rejects */
  whoAmI(options?: { readonly signal?: AbortSignal }): Promise<WhoAmI>
  /** Kubeflow Pipelines at `/pipeline`. */
  readonly kfp: KfpClient
  /** A model; it is looked for at the first call. */
  kserve(model: ModelPlace): KserveModel
  /** Ends its connections. The session at the door goes on. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a door: recognises it, signs in, and keeps being signed in. Without credentials it is the door that
 * `kfdoor login` opened before (without an address, the current one), or what `KFDOOR_…` says.
 *
 * @throws Fault with the codes of the command line: `code` is one of `FaultCode`, `number` its `KFD####`. Among them
 * `ERR_CREDENTIALS_WRONG`, `ERR_CREDENTIALS_MISSING` (nothing given, nothing kept), `ERR_NEEDS_BROWSER` (no form to fill
 * in), `ERR_CERTIFICATE_UNTRUSTED`, `ERR_DOOR_UNREACHABLE`, `ERR_NOT_A_DOOR`, `ERR_PLAIN_HTTP` (a secret would go
 * unencrypted), `ERR_USAGE` (credentials without an address).
 *
 * @example
 * const door = await openDoor('https://kubeflow.example.com', { username: 'me@example.com', password })
 * const runs = await door.kfp.runs.list({ namespace: 'team' })
 * await door.close()
 */
export async function openDoor(
  url?: string | URL,
  credentials?: DoorCredentials,
  options: OpenDoorOptions = {},
): Promise<Door> {
  const env = options.env ?? process.env
  const reach = {
    certificateAuthority: options.certificateAuthority,
    insecure: options.insecureSkipTlsVerify,
  }
  if (!credentials) {
    const opened = await openKeptDoor(env, { ...reach, url: url === undefined ? undefined : String(url) })
    return doorOf(opened.url, opened.agent, opened.fetch, opened.session)
  }
  if (url === undefined) {
    throw new Fault('ERR_USAGE', { message: 'credentials without a door', next: 'give its address first' })
  }
  const address = readDoorUrl(String(url))
  const agent = agentFor(env, address, reach)
  try {
    const ways = waysOf(env, agent, address, credentials, options)
    const session = createDoorSession({
      door: address,
      name: address.host,
      store: memoryStore(await ways.begin()),
      renew: ways.renew,
      readToken: readTokenFile,
      clock: Date.now,
    })
    const fetch = createDoorFetch({ door: address, name: address.host, agent, session })
    return doorOf(address, agent, fetch, session)
  } catch (error) {
    await agent.close()
    throw error
  }
}

interface Ways {
  readonly begin: () => Promise<Credential>
  readonly renew: (old: Credential) => Promise<Credential | undefined>
}

function waysOf(
  env: NonNullable<OpenDoorOptions['env']>,
  agent: Agent,
  url: URL,
  given: DoorCredentials,
  { allowPlainHttp, trustedOrigins }: OpenDoorOptions,
): Ways {
  if ('username' in given) {
    const again = () => signInWithPassword(agent, url, { ...given, allowPlainHttp }, trustedOrigins)
    return { begin: again, renew: again }
  }
  refusePlainHttp(url, allowPlainHttp, 'cookie' in given ? 'a session cookie' : 'a token')
  if ('token' in given) {
    const { token } = given
    const ask = async (): Promise<Credential> => {
      const text = (typeof token === 'string' ? token : await token()).trim()
      return { kind: 'token', token: text, expiresAt: endOf(text) }
    }
    return { begin: ask, renew: async () => (typeof token === 'string' ? undefined : ask()) }
  }
  const never = async () => undefined
  if ('tokenFile' in given)
    return { begin: async () => ({ kind: 'token-file', path: given.tokenFile }), renew: never }
  if ('cookie' in given) return { begin: async () => pastedCookie(given.cookie, url, Date.now), renew: never }
  const [namespace = '', name = ''] = given.serviceAccount.split('/')
  const { audience, kubeconfig, context } = given
  const account = { kind: 'service-account', namespace, name, audience, kubeconfig, context } as const
  const request = async () => ({ ...account, ...(await serviceAccountToken(env, account)) })
  return { begin: request, renew: request }
}

function doorOf(
  url: URL,
  agent: Agent,
  fetch: DoorFetch,
  session: ReturnType<typeof createDoorSession>,
): Door {
  const close = () => agent.close()
  return {
    url,
    fetch,
    async token() {
      return (await session.pass()).headers.authorization?.replace(/^Bearer /, '')
    },
    async cookies() {
      const { cookie = '' } = (await session.pass()).headers
      return cookie
        .split('; ')
        .filter((pair) => pair !== '')
        .map((pair) => {
          const at = pair.indexOf('=')
          return { name: pair.slice(0, at), value: pair.slice(at + 1) }
        })
    },
    whoAmI: async ({ signal } = {}) => whoAmI(agent, url, (await session.pass()).headers, { signal }),
    kfp: createKfp(fetch, new URL('pipeline', url.href.replace(/[^/]*$/, ''))),
    kserve: (model) => createKserve({ fetch, door: url, agent, session }, model),
    close,
    [Symbol.asyncDispose]: close,
  }
}
