/** What `kfdoor up` was told. */
export interface UpOptions {
  readonly profile?: string
  readonly files?: readonly string[]
  /** 0 takes a free port. */
  readonly port: number
  readonly httpPort: number
  readonly address: string
  readonly hostnames: readonly string[]
  readonly demo: boolean
  readonly tls: boolean
  /** A folder, or `:memory:`; undefined = the user's state folder. */
  readonly state?: string
  readonly users?: string
  readonly dexConfig?: string
  readonly singleUser: boolean
  readonly upstreams: readonly { readonly host: string; readonly url: string }[]
  readonly echo: boolean
  readonly runOutcome: 'pending' | 'succeeded' | 'failed'
  readonly apiErrors: 'release' | 'json'
  readonly hardening: 'default' | 'istio-parity'
  readonly istioVersion?: string
  readonly keyType: 'ecdsa' | 'rsa'
  readonly output: 'text' | 'json'
  readonly verbose: boolean
  /** The console too, on a port of its own. */
  readonly console?: boolean
}

/** The line `up -o json` prints first; other programs rely on it. */
export interface ReadyLine {
  readonly ready: true
  readonly url: string
  readonly httpUrl: string
  /** Absolute path of the root certificate; null where nothing speaks TLS. */
  readonly caFile: string | null
  /** `iss` of the tokens Dex's face makes. */
  readonly issuer: string
  readonly profile: string
  readonly pid: number
  readonly listeners: readonly { readonly gateway: string; readonly port: number; readonly url: string }[]
  /** Past the door: what it protects. */
  readonly direct: { readonly pipelines: string; readonly kserve: string }
}
