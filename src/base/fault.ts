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
  readonly ERR_WOULD_OVERWRITE: { readonly path: string }
  readonly ERR_CANNOT_LISTEN: { readonly address: string; readonly port: number; readonly reason: string }
  readonly ERR_TLS_SERVER_UNUSABLE: { readonly hosts: readonly string[]; readonly reason: string }
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
  ERR_WOULD_OVERWRITE: 'KFD1408',
  ERR_CANNOT_LISTEN: 'KFD1504',
  ERR_TLS_SERVER_UNUSABLE: 'KFD1505',
}

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
    `port ${f.port} on ${f.address} is in use; choose another with \`${f.flag} PORT\`, or \`${f.flag} 0\` for a free one`,
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
  ERR_WOULD_OVERWRITE: (f) =>
    `\`${f.path}\` is there already and is not overwritten; remove it, or choose another folder`,
  ERR_CANNOT_LISTEN: (f) => `cannot listen on ${f.address} port ${f.port}: ${f.reason}`,
  ERR_TLS_SERVER_UNUSABLE: (f) => `the TLS server for ${f.hosts.join(', ')} cannot be used: ${f.reason}`,
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
