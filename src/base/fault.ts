/**
 * Every failure a caller can meet: a stable code and the facts that belong to it. Facts are plain
 * data and never hold a secret: a token is named by issuer and subject, a cookie by its name.
 *
 * One row per failure in three tables below: its facts, its permanent `KFD####`, its sentence.
 * Rows are kept in alphabetical order; a retired one keeps its number.
 */
export interface FaultFacts {
  readonly ERR_DIRECTORY_FAILED: {
    readonly connector: string
    readonly host: string
    readonly reason: string
  }
  readonly ERR_FOLDER_NEEDS_RENDERING: { readonly folder: string; readonly command: string }
  readonly ERR_INPUT_UNREADABLE: { readonly path: string; readonly reason: string }
  readonly ERR_MESH_INVALID: { readonly problems: readonly string[] }
  readonly ERR_NO_DOOR: { readonly url: string | undefined }
  readonly ERR_NO_GATEWAY: { readonly where: string }
  readonly ERR_PIPELINES_STORE: { readonly path: string; readonly reason: string }
  readonly ERR_PORT_BUSY: { readonly address: string; readonly port: number; readonly flag: string }
  readonly ERR_NOT_SIGNED_IN: { readonly method: string; readonly path: string }
  readonly ERR_ISSUER_UNREACHABLE: { readonly issuer: string; readonly reason: string }
  readonly ERR_SERVICE_ACCOUNT_INVALID: { readonly what: string; readonly value: string }
  readonly ERR_SESSION_NEEDS_TOKEN: { readonly provider: string }
  readonly ERR_SESSIONS_UNREACHABLE: { readonly where: string; readonly reason: string }
  readonly ERR_SESSIONS_UNUSABLE: { readonly path: string; readonly reason: string }
  readonly ERR_SETTINGS_INVALID: { readonly problems: readonly string[] }
  readonly ERR_SIGNING_KEY_MISSING: { readonly algorithm: string }
  readonly ERR_SIGNING_KEY_UNFIT: { readonly algorithm: string; readonly reason: string }
  readonly ERR_PUBLISHED_CREDENTIALS: { readonly address: string; readonly what: readonly string[] }
  readonly ERR_STATE_UNUSABLE: { readonly folder: string; readonly reason: string }
  readonly ERR_TOKEN_DURATION: { readonly seconds: number; readonly least: number }
  readonly ERR_USAGE: { readonly message: string; readonly next?: string }
  readonly ERR_CA_UNUSABLE: { readonly where: string; readonly reason: string }
  readonly ERR_CERTIFICATE_NAME: { readonly name: string }
  readonly ERR_CSR_UNUSABLE: { readonly reason: string }
  readonly ERR_FILE_UNWRITABLE: { readonly path: string; readonly reason: string }
  readonly ERR_KEY_UNFIT: { readonly where: string }
  readonly ERR_NAME_OUTSIDE_CA: { readonly names: readonly string[] }
  readonly ERR_PEM_UNREADABLE: { readonly where: string; readonly reason: string }
  readonly ERR_TRUST_STORE: { readonly command: string; readonly reason: string }
  readonly ERR_WOULD_OVERWRITE: { readonly path: string }
  readonly ERR_CANNOT_LISTEN: { readonly address: string; readonly port: number; readonly reason: string }
  readonly ERR_TLS_SERVER_UNUSABLE: { readonly hosts: readonly string[]; readonly reason: string }
  readonly ERR_CERTIFICATE_UNTRUSTED: {
    readonly url: string
    readonly reason: string
    /** Trusting this very certificate would help. */
    readonly trustable: boolean
    readonly issuer?: string
    readonly names?: readonly string[]
    readonly sha256?: string
    /** ms */
    readonly from?: number
    readonly until?: number
  }
  readonly ERR_CONNECTOR_CHOICE: {
    readonly asked?: string
    readonly connectors: readonly { readonly id: string; readonly name: string }[]
  }
  readonly ERR_CREDENTIALS_EXPIRED: { readonly door: string; readonly at?: string; readonly next: string }
  readonly ERR_KEYRING: { readonly reason: string; readonly next: string }
  readonly ERR_CREDENTIALS_EXPOSED: { readonly path: string; readonly mode: string }
  readonly ERR_CREDENTIALS_MISSING: { readonly door: string; readonly next: string }
  readonly ERR_CREDENTIALS_WRONG: {
    readonly door: string
    readonly user?: string
    readonly words: string
    /** What was shown, where it was no password. */
    readonly what?: 'token' | 'cookie'
  }
  readonly ERR_DOOR_REFUSED: { readonly url: string; readonly status: number; readonly words: string }
  readonly ERR_DOOR_UNKNOWN: { readonly name: string; readonly known: readonly string[] }
  readonly ERR_DOOR_UNREACHABLE: { readonly url: string; readonly reason: string }
  readonly ERR_FOREIGN_ORIGIN: { readonly door: string; readonly target: string }
  readonly ERR_HOST_UNKNOWN: { readonly host: string }
  readonly ERR_HTML_ANSWER: { readonly url: string; readonly status: number; readonly title: string }
  readonly ERR_CLUSTER_REFUSED: { readonly server: string; readonly reason: string }
  readonly ERR_KUBECONFIG: { readonly path: string; readonly reason: string }
  readonly ERR_MODEL_NOT_FOUND: {
    readonly model: string
    readonly tried: readonly string[]
    readonly refused: readonly string[]
  }
  readonly ERR_NEEDS_BROWSER: { readonly door: string; readonly where: string; readonly connector?: string }
  readonly ERR_NOT_A_DOOR: { readonly url: string; readonly saw: string }
  readonly ERR_PLAIN_HTTP: { readonly url: string; readonly what: string }
  readonly ERR_PORT_CLOSED: { readonly host: string; readonly port: number }
  readonly ERR_REDIRECT_LOOP: {
    readonly door: string
    readonly paths: readonly string[]
    readonly hint?: string
  }
  readonly ERR_SIGN_IN_CSRF: { readonly door: string; readonly words: string; readonly hint?: string }
  readonly ERR_SIGN_IN_EXPIRED: { readonly door: string; readonly words: string }
  readonly ERR_SIGN_IN_LIMITED: {
    readonly door: string
    readonly words: string
    readonly retryAfter?: string
  }
  readonly ERR_SIGN_IN_REFUSED: { readonly door: string; readonly status: number; readonly words: string }
  readonly ERR_OBJECT_CHANGED: { readonly object: string; readonly reason: string }
  readonly ERR_MANAGED_ELSEWHERE: {
    readonly objects: readonly { readonly object: string; readonly manager: string }[]
  }
  readonly ERR_INTENT_REFUSED: {
    readonly intent: string
    readonly reasons: readonly string[]
    readonly next?: string
  }
  readonly ERR_SUBJECT_UNKNOWN: {
    readonly what: string
    readonly asked: string
    readonly near: readonly string[]
  }
  readonly ERR_TOKEN_REQUEST: { readonly account: string; readonly reason: string }
  readonly ERR_JOURNAL_UNUSABLE: { readonly path: string; readonly reason: string }
  readonly ERR_PLAN_BUSY: { readonly plan: string; readonly holder: string }
  readonly ERR_PLAN_CONFLICT: { readonly plan: string; readonly conflicts: readonly string[] }
  readonly ERR_PLAN_CUT: {
    readonly plan: string
    readonly object: string
    readonly reason: string
    /** `apply` or `rollback`. */
    readonly during: 'apply' | 'rollback'
  }
  readonly ERR_PLAN_EDITED: {
    readonly plan: string
    readonly objects: readonly string[]
    readonly during: 'apply' | 'rollback'
  }
  readonly ERR_PLAN_ELSEWHERE: { readonly plan: string; readonly made: string; readonly here: string }
  readonly ERR_PLAN_GAIN: {
    readonly plan: string
    readonly gains: readonly string[]
    readonly undone: boolean
  }
  readonly ERR_PLAN_NOT_PERMITTED: { readonly plan: string; readonly reasons: readonly string[] }
  readonly ERR_PLAN_REJECTED: { readonly plan: string; readonly objects: readonly string[] }
  readonly ERR_PLAN_RIGHTS: { readonly plan: string; readonly missing: readonly string[] }
  readonly ERR_PLAN_STALE: {
    readonly plan: string
    readonly objects: readonly string[]
    /** Some of the plan is applied. */
    readonly begun: boolean
  }
  readonly ERR_PLAN_STATE: { readonly plan: string; readonly state: string; readonly next: string }
  readonly ERR_PLAN_STOPPED: {
    readonly plan: string
    readonly object: string
    readonly reason: string
    readonly during: 'apply' | 'rollback'
  }
  readonly ERR_PLAN_UNMET: { readonly plan: string; readonly answers: readonly string[] }
  readonly ERR_PLAN_UNKNOWN: { readonly name: string; readonly known: readonly string[] }
}
export type FaultCode = keyof FaultFacts
/** `switch (fault.code)` over this narrows `fault.facts`. */
export type AnyFault = { [C in FaultCode]: Fault<C> }[FaultCode]

/** What people see and search for. A number is forever. */
export const numbers: { readonly [C in FaultCode]: `KFD${number}` } = {
  ERR_DIRECTORY_FAILED: 'KFD1101',
  ERR_FOLDER_NEEDS_RENDERING: 'KFD0102',
  ERR_INPUT_UNREADABLE: 'KFD0101',
  ERR_MESH_INVALID: 'KFD0103',
  ERR_NO_DOOR: 'KFD0112',
  ERR_NO_GATEWAY: 'KFD0104',
  ERR_PIPELINES_STORE: 'KFD1601',
  ERR_PORT_BUSY: 'KFD0110',
  ERR_NOT_SIGNED_IN: 'KFD1201',
  ERR_ISSUER_UNREACHABLE: 'KFD1204',
  ERR_SERVICE_ACCOUNT_INVALID: 'KFD1303',
  ERR_SESSION_NEEDS_TOKEN: 'KFD1203',
  ERR_SESSIONS_UNREACHABLE: 'KFD1205',
  ERR_SESSIONS_UNUSABLE: 'KFD1202',
  ERR_SETTINGS_INVALID: 'KFD1710',
  ERR_SIGNING_KEY_MISSING: 'KFD1301',
  ERR_SIGNING_KEY_UNFIT: 'KFD1302',
  ERR_PUBLISHED_CREDENTIALS: 'KFD0113',
  ERR_STATE_UNUSABLE: 'KFD0111',
  ERR_TOKEN_DURATION: 'KFD1304',
  ERR_USAGE: 'KFD0100',
  ERR_CA_UNUSABLE: 'KFD1403',
  ERR_CERTIFICATE_NAME: 'KFD1401',
  ERR_CSR_UNUSABLE: 'KFD1404',
  ERR_FILE_UNWRITABLE: 'KFD1407',
  ERR_KEY_UNFIT: 'KFD1405',
  ERR_NAME_OUTSIDE_CA: 'KFD1402',
  ERR_PEM_UNREADABLE: 'KFD1406',
  ERR_TRUST_STORE: 'KFD1409',
  ERR_WOULD_OVERWRITE: 'KFD1408',
  ERR_CANNOT_LISTEN: 'KFD1504',
  ERR_TLS_SERVER_UNUSABLE: 'KFD1505',
  ERR_CERTIFICATE_UNTRUSTED: 'KFD1804',
  ERR_CONNECTOR_CHOICE: 'KFD1810',
  ERR_CREDENTIALS_EXPIRED: 'KFD1821',
  ERR_CREDENTIALS_EXPOSED: 'KFD1822',
  ERR_CREDENTIALS_MISSING: 'KFD1820',
  ERR_CREDENTIALS_WRONG: 'KFD1811',
  ERR_DOOR_REFUSED: 'KFD1815',
  ERR_DOOR_UNKNOWN: 'KFD1823',
  ERR_DOOR_UNREACHABLE: 'KFD1803',
  ERR_FOREIGN_ORIGIN: 'KFD1813',
  ERR_HOST_UNKNOWN: 'KFD1801',
  ERR_HTML_ANSWER: 'KFD1816',
  ERR_CLUSTER_REFUSED: 'KFD1901',
  ERR_KEYRING: 'KFD1833',
  ERR_KUBECONFIG: 'KFD1830',
  ERR_MODEL_NOT_FOUND: 'KFD1832',
  ERR_NEEDS_BROWSER: 'KFD1812',
  ERR_NOT_A_DOOR: 'KFD1805',
  ERR_PLAIN_HTTP: 'KFD1806',
  ERR_PORT_CLOSED: 'KFD1802',
  ERR_REDIRECT_LOOP: 'KFD1814',
  ERR_SIGN_IN_CSRF: 'KFD1818',
  ERR_SIGN_IN_EXPIRED: 'KFD1817',
  ERR_SIGN_IN_LIMITED: 'KFD1819',
  ERR_SIGN_IN_REFUSED: 'KFD1824',
  ERR_OBJECT_CHANGED: 'KFD1930',
  ERR_MANAGED_ELSEWHERE: 'KFD1931',
  ERR_INTENT_REFUSED: 'KFD1932',
  ERR_SUBJECT_UNKNOWN: 'KFD1933',
  ERR_TOKEN_REQUEST: 'KFD1831',
  ERR_JOURNAL_UNUSABLE: 'KFD1923',
  ERR_PLAN_BUSY: 'KFD1916',
  ERR_PLAN_CONFLICT: 'KFD1914',
  ERR_PLAN_CUT: 'KFD1918',
  ERR_PLAN_EDITED: 'KFD1919',
  ERR_PLAN_ELSEWHERE: 'KFD1922',
  ERR_PLAN_GAIN: 'KFD1920',
  ERR_PLAN_NOT_PERMITTED: 'KFD1924',
  ERR_PLAN_REJECTED: 'KFD1921',
  ERR_PLAN_RIGHTS: 'KFD1913',
  ERR_PLAN_STALE: 'KFD1912',
  ERR_PLAN_STATE: 'KFD1915',
  ERR_PLAN_STOPPED: 'KFD1917',
  ERR_PLAN_UNMET: 'KFD1925',
  ERR_PLAN_UNKNOWN: 'KFD1911',
}

/** A door's words as an argument: enough of them to be known by, and no half of a word. */
const forWhy = (words: string): string => {
  const plain = words.replaceAll("'", ' ')
  return plain.length <= 100 ? plain : plain.slice(0, 101).replace(/\s+\S*$/, '')
}

const hintFor = {
  password: 'check user name and password, and sign in again',
  token: 'see what the door makes of it with `kfdoor token inspect`, or sign in another way',
  cookie: 'sign in again',
} as const

/** One sentence each: lower case, no final period, what the user wrote in backticks. */
const sentences: { readonly [C in FaultCode]: (facts: FaultFacts[C]) => string } = {
  ERR_DIRECTORY_FAILED: (f) => `connector \`${f.connector}\` cannot ask the directory ${f.host}: ${f.reason}`,
  ERR_FOLDER_NEEDS_RENDERING: (f) =>
    `\`${f.folder}\` has to be rendered first; run \`${f.command}\` and read its output`,
  ERR_INPUT_UNREADABLE: (f) => `cannot read \`${f.path}\`: ${f.reason}`,
  ERR_MESH_INVALID: (f) => f.problems.join('\n'),
  ERR_NO_DOOR: (f) => `no door runs here${f.url ? ` at \`${f.url}\`` : ''}; start one with \`kfdoor up\``,
  ERR_NO_GATEWAY: (f) =>
    `${f.where} has no Gateway whose selector fits a gateway workload, so there is nothing to listen for`,
  ERR_PIPELINES_STORE: (f) =>
    `cannot keep pipelines and runs in \`${f.path}\`: ${f.reason}; move the file away, or choose another folder with \`--state DIR\``,
  ERR_PORT_BUSY: (f) =>
    `port ${f.port} on ${f.address} is in use; choose another with \`${f.flag}${f.flag.endsWith(':') ? '' : ' '}PORT\`, with 0 for a free one`,
  ERR_NOT_SIGNED_IN: (f) =>
    `${f.method} ${f.path} needs a session or a token, and the request carries none that is valid`,
  ERR_ISSUER_UNREACHABLE: (f) =>
    `the issuer \`${f.issuer}\` does not answer as an OpenID provider: ${f.reason}`,
  ERR_SERVICE_ACCOUNT_INVALID: (f) => `\`${f.value}\` is not a service account's ${f.what}`,
  ERR_SESSION_NEEDS_TOKEN: (f) =>
    `a session of ${f.provider} carries an ID token to the gateway, and none was given for this one`,
  ERR_SESSIONS_UNREACHABLE: (f) => `the sessions at \`${f.where}\` cannot be reached: ${f.reason}`,
  ERR_SESSIONS_UNUSABLE: (f) => `the sessions in \`${f.path}\` cannot be used: ${f.reason}`,
  ERR_SETTINGS_INVALID: (f) => f.problems.join('\n'),
  ERR_SIGNING_KEY_MISSING: (f) => `there is no ${f.algorithm} key to sign with`,
  ERR_SIGNING_KEY_UNFIT: (f) => `the ${f.algorithm} signing key cannot be used: ${f.reason}`,
  ERR_PUBLISHED_CREDENTIALS: (f) =>
    `will not listen on ${f.address}: ${f.what.join(' and ')} ${f.what.length > 1 ? 'are' : 'is'} published with Kubeflow; bring your own with \`--users FILE\` or \`--dex-config FILE\`, or stay on 127.0.0.1`,
  ERR_STATE_UNUSABLE: (f) =>
    `the state folder \`${f.folder}\` cannot be used: ${f.reason}; choose another with \`--state DIR\``,
  ERR_TOKEN_DURATION: (f) => `a token lives at least ${f.least}s, ${f.seconds}s were asked for`,
  ERR_USAGE: (f) => (f.next ? `${f.message}; ${f.next}` : f.message),
  ERR_CA_UNUSABLE: (f) => `the CA \`${f.where}\` cannot be used: ${f.reason}`,
  ERR_CERTIFICATE_NAME: (f) => `\`${f.name}\` is neither a host name nor an address a certificate can carry`,
  ERR_CSR_UNUSABLE: (f) => `the signing request cannot be signed: ${f.reason}`,
  ERR_FILE_UNWRITABLE: (f) => `cannot write \`${f.path}\`: ${f.reason}`,
  ERR_KEY_UNFIT: (f) =>
    `the key of ${f.where} is too weak or of a kind that cannot serve TLS; use ECDSA P-256 or RSA of 2048 bits or more`,
  ERR_NAME_OUTSIDE_CA: (f) =>
    `this CA may not sign for ${f.names.map((name) => `\`${name}\``).join(', ')}; it is limited to the names it was made for`,
  ERR_PEM_UNREADABLE: (f) => `cannot use \`${f.where}\`: ${f.reason}`,
  ERR_TRUST_STORE: (f) => `\`${f.command}\` could not change the trust store: ${f.reason}`,
  ERR_WOULD_OVERWRITE: (f) =>
    `\`${f.path}\` is there already and is not overwritten; remove it, choose another folder, or say \`--force\` where the command has it`,
  ERR_CANNOT_LISTEN: (f) => `cannot listen on ${f.address} port ${f.port}: ${f.reason}`,
  ERR_TLS_SERVER_UNUSABLE: (f) => `the TLS server for ${f.hosts.join(', ')} cannot be used: ${f.reason}`,
  ERR_CERTIFICATE_UNTRUSTED: untrusted,
  ERR_CONNECTOR_CHOICE: (f) =>
    `${f.asked === undefined ? 'the door offers several ways in' : `the door has no connector \`${f.asked}\``}: ${f.connectors.map((one) => `\`${one.id}\` (${one.name})`).join(', ')}; choose one with \`--connector ID\``,
  ERR_CREDENTIALS_EXPIRED: (f) =>
    `the credential for \`${f.door}\` ${f.at ? `expired at ${f.at}` : 'is no longer taken'}; sign in again: \`${f.next}\``,
  ERR_KEYRING: (f) =>
    `the keyring cannot be used: ${f.reason}; ${f.next}, or sign in with \`--credential-store file\``,
  ERR_CREDENTIALS_EXPOSED: (f) =>
    `\`${f.path}\` may be read by others (mode ${f.mode}) and is not used; close it with \`chmod 600 ${f.path}\``,
  ERR_CREDENTIALS_MISSING: (f) => `nothing is kept to enter \`${f.door}\` with; ${f.next}`,
  ERR_CREDENTIALS_WRONG: (f) =>
    `the door says: ${f.words}${f.user ? ` (as \`${f.user}\`)` : ''}; ${hintFor[f.what ?? 'password']} with \`kfdoor login ${f.door}\``,
  ERR_DOOR_REFUSED: (f) =>
    `\`${f.url}\` answers ${f.status}: ${f.words}; see \`kfdoor why '${forWhy(f.words)}'\``,
  ERR_DOOR_UNKNOWN: (f) =>
    `no door is called \`${f.name}\`${f.known.length > 0 ? `; there are ${f.known.map((one) => `\`${one}\``).join(', ')}` : ''}; sign in with \`kfdoor login URL\``,
  ERR_DOOR_UNREACHABLE: (f) => `cannot reach \`${f.url}\`: ${f.reason}`,
  ERR_FOREIGN_ORIGIN: (f) =>
    `\`${f.door}\` sends on to another site, \`${f.target}\`; no credential was sent there; if it is the door, run \`kfdoor login ${f.target}\`, if it signs people in, add \`--trust-origin ${f.target}\``,
  ERR_HOST_UNKNOWN: (f) => `there is no host \`${f.host}\`; check the name, and whether a VPN has to be up`,
  ERR_HTML_ANSWER: (f) =>
    `\`${f.url}\` answers ${f.status} with a page (${f.title || 'without a title'}) that is no step of a sign-in and no data; open it in a browser, or see \`kfdoor doctor\``,
  ERR_CLUSTER_REFUSED: (f) => `the API server ${f.server} does not show its door: ${f.reason}`,
  ERR_KUBECONFIG: (f) => `cannot use the kubeconfig \`${f.path}\`: ${f.reason}`,
  ERR_MODEL_NOT_FOUND: (f) =>
    f.refused.length > 0
      ? `the door refuses the way to model \`${f.model}\`: ${f.refused.slice(0, 3).join('; ')}; see \`kfdoor why 'RBAC: access denied'\``
      : `no model server answers for \`${f.model}\` at ${f.tried.slice(0, 6).join(', ')}; name the host or path \`kubectl -n ${f.model.split('/')[0]} get inferenceservice ${f.model.split('/')[1]}\` shows with \`--host\` or \`--path\`, unless it is one of the cluster only (\`.svc.cluster.local\`)`,
  ERR_NEEDS_BROWSER: (f) =>
    f.connector
      ? `connector \`${f.connector}\` signs people in at ${f.where}, which needs a browser; run \`kfdoor login ${f.door} --browser --connector ${f.connector}\``
      : `this door signs people in at ${f.where}, which needs a browser; run \`kfdoor login ${f.door} --browser\`, or, if a password is enough there, add \`--trust-origin ${f.where}\``,
  ERR_NOT_A_DOOR: (f) => `\`${f.url}\` is not a Kubeflow door: ${f.saw}; check the address`,
  ERR_PLAIN_HTTP: (f) =>
    `will not send ${f.what} to \`${f.url}\` without encryption; use \`https://\`, or say \`--allow-plain-http\``,
  ERR_PORT_CLOSED: (f) =>
    `nothing listens on port ${f.port} of \`${f.host}\`; check the port, and whether the door runs`,
  ERR_REDIRECT_LOOP: (f) =>
    `the door redirects in a loop: ${f.paths.join(' -> ')}${f.hint ? `; ${f.hint}` : ''}; see \`kfdoor why 'too many redirects'\``,
  ERR_SIGN_IN_CSRF: (f) =>
    `the door lost the thread of this sign-in: ${f.words}${f.hint ? `; ${f.hint}` : ''}; try once more with \`kfdoor login ${f.door}\``,
  ERR_SIGN_IN_EXPIRED: (f) =>
    `the sign-in took too long or was used before: ${f.words}; begin again with \`kfdoor login ${f.door}\``,
  ERR_SIGN_IN_LIMITED: (f) =>
    `the door lets nobody try for now: ${f.words}${f.retryAfter ? `; try again in ${f.retryAfter} s` : '; wait a minute and try again'}`,
  ERR_SIGN_IN_REFUSED: (f) =>
    `the door refused the sign-in (${f.status}): ${f.words}; see \`kfdoor why '${forWhy(f.words)}'\``,
  ERR_OBJECT_CHANGED: (f) => `the plan does not fit any more: ${f.object}: ${f.reason}; plan again`,
  ERR_MANAGED_ELSEWHERE: (f) =>
    `what is kept elsewhere is not changed here: ${f.objects.map(({ object, manager }) => `${object} is kept by ${manager}`).join('; ')}, which would undo a change made here; nothing was written; make the change where it is kept, with \`-o yaml\` or \`-o kustomize DIR\``,
  ERR_INTENT_REFUSED: (f) =>
    [
      `${f.intent} is refused:`,
      ...f.reasons.map((reason) => `  ${reason}`),
      ...(f.next ? [f.next] : []),
    ].join('\n'),
  ERR_SUBJECT_UNKNOWN: (f) =>
    `there is no ${f.what} \`${f.asked}\` in this door${f.near.length > 0 ? `; near it: ${f.near.map((name) => `\`${name}\``).join(', ')}` : ''}`,
  ERR_TOKEN_REQUEST: (f) => `the cluster gives no token for \`${f.account}\`: ${f.reason}`,
  ERR_JOURNAL_UNUSABLE: (f) =>
    `cannot keep the journal \`${f.path}\`: ${f.reason}; nothing is written to a cluster without one`,
  ERR_PLAN_BUSY: (f) =>
    `plan \`${f.plan}\` is being worked on by ${f.holder}; wait for it, then see \`kfdoor plan status ${f.plan}\``,
  ERR_PLAN_CONFLICT: (f) =>
    `others keep what plan \`${f.plan}\` would change, and nothing was written:${list(f.conflicts)}\nchange it where they keep it, or take it from them with \`kfdoor apply ${f.plan} --force-conflicts\``,
  ERR_PLAN_CUT: (f) =>
    `it is not known whether ${f.object} was written: ${f.reason}; see \`kfdoor plan status ${f.plan}\`, then ${f.during === 'apply' ? `\`kfdoor apply ${f.plan} --continue\` or ` : ''}\`kfdoor rollback ${f.plan}\``,
  ERR_PLAN_EDITED: (f) =>
    `somebody changed what plan \`${f.plan}\` had written, and nothing more was done:${list(f.objects)}\n${f.during === 'apply' ? `undo the plan with \`kfdoor rollback ${f.plan}\`, and plan again` : `undo it by hand, or give up those changes with \`kfdoor rollback ${f.plan} --force\``}`,
  ERR_PLAN_ELSEWHERE: (f) =>
    `plan \`${f.plan}\` was made for ${f.made}, and this is ${f.here}; choose the cluster with \`--context\`, or plan again`,
  ERR_PLAN_GAIN: (f) =>
    `the live door lets through what plan \`${f.plan}\` did not predict:${list(f.gains)}\n${f.undone ? 'the plan was rolled back' : `undo it with \`kfdoor rollback ${f.plan}\``}`,
  ERR_PLAN_NOT_PERMITTED: (f) =>
    `plan \`${f.plan}\` may not be applied here, and nothing was written:${list(f.reasons)}\nhave it applied by somebody who may: \`kfdoor apply ${f.plan}\``,
  ERR_PLAN_REJECTED: (f) =>
    `the API server would not take plan \`${f.plan}\`, and nothing was written:${list(f.objects)}\nplan again, or see \`kfdoor plan show ${f.plan}\``,
  ERR_PLAN_RIGHTS: (f) =>
    `you may not do what plan \`${f.plan}\` needs, and nothing was written; missing at the API server:${list(f.missing)}\nhave them granted, or have it applied by somebody who may: \`kfdoor apply ${f.plan}\``,
  ERR_PLAN_STALE: (f) =>
    `the cluster is not what plan \`${f.plan}\` was made from, and ${f.begun ? 'nothing more' : 'nothing'} was written:${list(f.objects)}\n${f.begun ? `undo what is applied with \`kfdoor rollback ${f.plan}\`, and plan again` : 'plan again with the command that made it'}`,
  ERR_PLAN_STATE: (f) => `plan \`${f.plan}\` ${f.state}; ${f.next}`,
  ERR_PLAN_STOPPED: (f) =>
    `the API server refuses ${f.object}: ${f.reason}; what was done before stays: see \`kfdoor plan status ${f.plan}\`, then ${f.during === 'apply' ? `\`kfdoor apply ${f.plan} --continue\` or ` : ''}\`kfdoor rollback ${f.plan}\``,
  ERR_PLAN_UNMET: (f) =>
    `plan \`${f.plan}\` is applied, and the live door answers otherwise than it predicts:${list(f.answers)}\nlook with \`kfdoor verify\`, or undo it with \`kfdoor rollback ${f.plan}\``,
  ERR_PLAN_UNKNOWN: (f) =>
    `no plan is called \`${f.name}\`, and there is no such file${
      f.known.length > 0
        ? `; there are ${f.known
            .slice(0, 8)
            .map((one) => `\`${one}\``)
            .join(', ')}`
        : ''
    }; see \`kfdoor plan list\``,
}

const list = (lines: readonly string[]): string => lines.map((line) => `\n  ${line}`).join('')

/** What a person needs to decide about a certificate: issuer, names, fingerprint, and how to trust it. */
function untrusted(f: FaultFacts['ERR_CERTIFICATE_UNTRUSTED']): string {
  const day = (ms: number) => new Date(ms).toISOString()
  return [
    `the certificate of \`${f.url}\` is not trusted: ${f.reason}`,
    ...(f.issuer === undefined ? [] : [`  issuer   ${f.issuer}`]),
    ...(f.names === undefined
      ? []
      : [
          `  names    ${f.names.slice(0, 6).join(', ') || 'none'}${f.names.length > 6 ? ` and ${f.names.length - 6} more` : ''}`,
        ]),
    ...(f.sha256 === undefined ? [] : [`  SHA-256  ${f.sha256}`]),
    ...(f.from === undefined || f.until === undefined
      ? []
      : [`  valid    ${day(f.from)} to ${day(f.until)}`]),
    ...(f.trustable
      ? [
          `trust its authority with \`--certificate-authority FILE\`${f.sha256 === undefined ? '' : `, or, after comparing the SHA-256, this certificate: \`kfdoor login ${f.url} --trust-certificate ${f.sha256}\``}`,
        ]
      : [
          'compare the names and dates with the address you typed and with `date`; trusting it would not help',
        ]),
  ].join('\n')
}

export class Fault<C extends FaultCode = FaultCode> extends Error {
  override readonly name = 'Fault'
  readonly code: C
  readonly facts: FaultFacts[C]

  constructor(code: C, facts: FaultFacts[C], options?: { readonly cause?: unknown }) {
    super(sentences[code](facts), options)
    this.code = code
    this.facts = facts
  }

  /** The permanent number people see: `KFD0100`. */
  get number(): string {
    return numbers[this.code]
  }
}

export function isFault(error: unknown): error is AnyFault {
  return error instanceof Fault
}
