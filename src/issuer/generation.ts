/** What differs between Dex versions where a client can see it. Facts: dexidp/dex `server/` by tag. */
export interface DexGeneration {
  readonly name: '≤2.28' | '2.29–2.35' | '2.36–2.45' | 'after 2.45'
  /**
   * ≤ 2.28: the request is made at `/auth` and named in `/auth/<connector>?req=…`, where the form
   * lives. Later: `/auth/<connector>` makes it and sends to `/auth/<connector>/login?back=&state=…`.
   */
  readonly requestAtAuth: boolean
  /** The form comes back with 200 up to 2.35, with 401 since. */
  readonly wrongPasswordStatus: 200 | 401
  /**
   * Where a good password leads. `approval`: always through `/approval`, which sends the code
   * itself when no screen is wanted. `approval-hmac`: the same, bound by an HMAC (2.35, for
   * CVE-2022-39222). `callback`: straight back to the client unless the screen is wanted.
   * `dispatch`: through `/auth?hmac=…&req=…`, which decides what comes next.
   */
  readonly afterLogin: 'approval' | 'approval-hmac' | 'callback' | 'dispatch'
  /**
   * `prompt=none` with an approval screen in the way ends in `interaction_required`; up to 2.45 nobody
   * looks at `prompt`, and the screen is shown. Kubeflow's oauth2-proxy sends it with every sign-in.
   */
  readonly promptNoneRefusesApproval: boolean
  /**
   * When the approval screen is shown: unless `skipApprovalScreen` (up to 2.35, whatever `approval_prompt`
   * says); only for `approval_prompt=force`, and then unless it is skipped (2.36 alone); unless it is skipped
   * and not forced (since 2.37).
   */
  readonly approvalScreen: 'unless skipped' | 'if forced' | 'unless skipped, or if forced'
  /** 2.45 no longer says which client or redirect URI was wrong, nor why a login failed. */
  readonly hidesDetails: boolean
  /** Status of the page for an unknown client: 404 since 2.30. */
  readonly unknownClientStatus: 400 | 404
  /** Error for a grant that is not offered. */
  readonly unknownGrant: 'invalid_grant' | 'unsupported_grant_type'
  /** The approval screen says that groups are asked for. */
  readonly groupsOnApproval: boolean
  /** A device whose person has not signed in yet is answered 401 up to 2.43, 400 since. */
  readonly devicePendingStatus: 400 | 401
  /** What discovery lists, besides what all list. */
  readonly lists: {
    readonly deviceAndGrants: boolean
    readonly pkce: boolean
    readonly introspection: boolean
    readonly tokenExchange: boolean
    readonly clientSecretPost: boolean
    /** "preferred_username" and "at_hash" among the claims. */
    readonly moreClaims: boolean
    readonly groupsClaim: boolean
  }
}

function generationOf(minor: number): DexGeneration {
  const since = (first: number) => minor >= first
  return {
    name: !since(29) ? '≤2.28' : !since(36) ? '2.29–2.35' : !since(46) ? '2.36–2.45' : 'after 2.45',
    requestAtAuth: !since(29),
    wrongPasswordStatus: since(36) ? 401 : 200,
    afterLogin: since(46) ? 'dispatch' : since(36) ? 'callback' : since(35) ? 'approval-hmac' : 'approval',
    promptNoneRefusesApproval: since(46),
    approvalScreen: since(37) ? 'unless skipped, or if forced' : since(36) ? 'if forced' : 'unless skipped',
    hidesDetails: since(45),
    unknownClientStatus: since(30) ? 404 : 400,
    unknownGrant: since(30) ? 'unsupported_grant_type' : 'invalid_grant',
    groupsOnApproval: since(35),
    devicePendingStatus: since(44) ? 400 : 401,
    lists: {
      deviceAndGrants: since(25),
      pkce: since(26),
      introspection: since(39),
      tokenExchange: since(38),
      clientSecretPost: since(28),
      moreClaims: since(28),
      groupsClaim: since(46),
    },
  }
}

/** Tags without a version are taken for what Kubeflow ships today. */
const UNVERSIONED = 45

/**
 * The behaviour of a Dex image: `v2.45.0`, `v2.31.2-alpine`, or a whole reference such as
 * `dexidp/dex:v2.36.0@sha256:…`. A tag that names no version (`latest`, a digest alone) is taken
 * for 2.45.
 *
 * @example
 * dexGeneration('dexidp/dex:v2.31.2').afterLogin // 'approval'
 */
export function dexGeneration(imageOrTag: string): DexGeneration {
  const [, major, minor] = /(?:^|:)v?(\d+)\.(\d+)(?:\.\d+)?(?:[-+@].*)?$/.exec(imageOrTag) ?? []
  if (major === undefined) return generationOf(UNVERSIONED)
  if (Number(major) !== 2) return generationOf(Number(major) < 2 ? 0 : Number.POSITIVE_INFINITY)
  return generationOf(Number(minor))
}
