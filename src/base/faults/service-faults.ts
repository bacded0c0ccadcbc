import type { FaultRows } from './fault-row.ts'

/** What an issuer, an auth service or a Pipelines API that runs here lacks: sessions, keys, settings (`KFD11xx`–`KFD13xx`, `KFD16xx`, `KFD17xx`). */
export interface ServiceFacts {
  readonly ERR_DIRECTORY_FAILED: {
    readonly connector: string
    readonly host: string
    readonly reason: string
  }
  readonly ERR_NOT_SIGNED_IN: { readonly method: string; readonly path: string }
  readonly ERR_SESSIONS_UNUSABLE: { readonly path: string; readonly reason: string }
  readonly ERR_SESSION_NEEDS_TOKEN: { readonly provider: string }
  readonly ERR_ISSUER_UNREACHABLE: { readonly issuer: string; readonly reason: string }
  readonly ERR_SESSIONS_UNREACHABLE: { readonly where: string; readonly reason: string }
  readonly ERR_SIGNING_KEY_MISSING: { readonly algorithm: string }
  readonly ERR_SIGNING_KEY_UNFIT: { readonly algorithm: string; readonly reason: string }
  readonly ERR_SERVICE_ACCOUNT_INVALID: { readonly what: string; readonly value: string }
  readonly ERR_TOKEN_DURATION: { readonly seconds: number; readonly least: number }
  readonly ERR_PIPELINES_STORE: { readonly path: string; readonly reason: string }
  readonly ERR_SETTINGS_INVALID: { readonly problems: readonly string[] }
}

export const serviceFaults: FaultRows<ServiceFacts> = {
  ERR_DIRECTORY_FAILED: {
    number: 'KFD1101',
    sentence: (f) => `connector \`${f.connector}\` cannot ask the directory ${f.host}: ${f.reason}`,
    meaning:
      'Dex signs people in through a directory (LDAP), and that directory did not answer, refused the service account of the connector, or its certificate is not trusted. Nobody is let in while it is so.',
    remedy:
      'check `host`, `bindDN`, `bindPW` and `rootCA` of the connector, and whether the directory is reachable from here',
  },
  ERR_NOT_SIGNED_IN: {
    number: 'KFD1201',
    sentence: (f) =>
      `${f.method} ${f.path} needs a session or a token, and the request carries none that is valid`,
    meaning:
      'The door wants to know who calls, and the request says it in none of the ways it takes: the cookie of a session, or a Bearer token for the audience of the door.',
    remedy:
      'add `-H "Cookie: $(kfdoor token --user EMAIL -o cookie)"` or `-H "$(kfdoor token --service-account NS/NAME -o header)"`',
  },
  ERR_SESSIONS_UNUSABLE: {
    number: 'KFD1202',
    sentence: (f) => `the sessions in \`${f.path}\` cannot be used: ${f.reason}`,
    meaning:
      'Sessions are kept in a SQLite file in the state folder. It cannot be opened, is damaged, or was made by a newer kfdoor. The door stays shut rather than forget who signed out.',
    remedy: 'move the file away (everybody signs in again), or choose another folder with `--state DIR`',
  },
  ERR_SESSION_NEEDS_TOKEN: {
    number: 'KFD1203',
    sentence: (f) =>
      `a session of ${f.provider} carries an ID token to the gateway, and none was given for this one`,
    meaning:
      'A session of oauth2-proxy carries its ID token on to the gateway, whose RequestAuthentication reads the person from it. A session without that token would be signed in and refused everywhere.',
    remedy: 'sign in through the form, or mint with `kfdoor token --user EMAIL` while the door runs',
  },
  ERR_ISSUER_UNREACHABLE: {
    number: 'KFD1204',
    sentence: (f) => `the issuer \`${f.issuer}\` does not answer as an OpenID provider: ${f.reason}`,
    meaning:
      'The auth service needs the issuer (Dex): its discovery document and its keys, and later the tokens it exchanges codes for. One of them was not answered, or not as OpenID Connect says. Nobody can sign in meanwhile; sessions that exist go on.',
    remedy:
      'open the issuer URL with `/.well-known/openid-configuration` behind it and see what it answers; its `issuer` has to be that URL to the letter',
  },
  ERR_SESSIONS_UNREACHABLE: {
    number: 'KFD1205',
    sentence: (f) => `the sessions at \`${f.where}\` cannot be reached: ${f.reason}`,
    meaning:
      'Sessions are kept in Redis, and Redis does not answer. Nobody can say who is signed in, so requests with a session are refused until it does; it is asked again by itself. Requests with a good token are let through.',
    remedy:
      'see that the Redis named is up and that its name, port, password and CA are right: `redis-cli -u URL ping`',
  },
  ERR_SIGNING_KEY_MISSING: {
    number: 'KFD1301',
    sentence: (f) => `there is no ${f.algorithm} key to sign with`,
    meaning: 'A token was to be signed with an algorithm for which the key set has no key.',
    remedy: 'use an algorithm the issuer announces, or let the state folder make its keys anew',
  },
  ERR_SIGNING_KEY_UNFIT: {
    number: 'KFD1302',
    sentence: (f) => `the ${f.algorithm} signing key cannot be used: ${f.reason}`,
    meaning: 'The key is of the wrong kind or too short for the algorithm (RFC 7518 asks RSA for 2048 bits).',
    remedy: 'remove the key file from the state folder; the next start makes a fit one',
  },
  ERR_SERVICE_ACCOUNT_INVALID: {
    number: 'KFD1303',
    sentence: (f) => `\`${f.value}\` is not a service account's ${f.what}`,
    meaning:
      'Kubernetes names are lower-case letters, digits and `-` (a service account also `.`), at most 63 of them for a namespace. A token for any other name would be one that no cluster can issue.',
    remedy: 'write `NAMESPACE/NAME`, for example `kubeflow-user-example-com/default-editor`',
  },
  ERR_TOKEN_DURATION: {
    number: 'KFD1304',
    sentence: (f) => `a token lives at least ${f.least}s, ${f.seconds}s were asked for`,
    meaning: "Kubernetes' TokenRequest refuses tokens that live less than ten minutes; so does this issuer.",
    remedy: 'ask for 10m or more',
  },
  ERR_PIPELINES_STORE: {
    number: 'KFD1601',
    sentence: (f) =>
      `cannot keep pipelines and runs in \`${f.path}\`: ${f.reason}; move the file away, or choose another folder with \`--state DIR\``,
    meaning:
      'The Pipelines API keeps experiments, pipelines and runs in a SQLite file in the state folder, and that file cannot be opened, is no such database, or was made by a newer kfdoor.',
    remedy: 'move the file away (it is not touched), or choose another folder with `--state DIR`',
  },
  ERR_SETTINGS_INVALID: {
    number: 'KFD1710',
    sentence: (f) => f.problems.join('\n'),
    meaning:
      'A service was to be started with settings it cannot use: a field it does not know, a value of the wrong kind, or one that is missing. It does not guess, for the field may be a lock somebody trusts.',
    remedy:
      'mend the lines named, then look at the result with `kfdoor serve authz config view`; a service that runs keeps its last good settings',
  },
}
