import type { Meaning } from './fault-row.ts'

type SpokenCodes = { readonly [code: `KFD${number}`]: Meaning & { readonly name: string } }

/**
 * Codes that are said without a `Fault` being thrown: in the body of an answer of the gateway, or
 * when kfdoor itself is at fault.
 */
export const spokenCodes: SpokenCodes = {
  KFD0199: {
    name: 'DEFECT',
    meaning: 'kfdoor met something its authors did not think of. This is a defect, not your mistake.',
    remedy:
      'report it with the command you typed; `KFDOOR_DEBUG=1` before it adds where in the code it happened',
  },
  KFD1501: {
    name: 'AMBIGUOUS_REQUEST',
    meaning:
      'Istio reads the request one way, and a laxer program behind the gateway could read it another (`..%2f`, `;`, `//`, a repeated identity header), and the two readings would be allowed different things or reach different workloads. Such a request is answered 400.',
    remedy:
      'send the path in its plain spelling; `kfdoor up --hardening istio-parity` answers as Istio does, for comparisons only',
  },
  KFD1502: {
    name: 'UNDECIDED_REQUEST',
    meaning:
      'The YAML asks for something the engine cannot decide, such as a filter in another language. What cannot be decided is not let through: 503.',
    remedy: 'run `kfdoor explain METHOD URL -f DIR`, which names the object and the line',
  },
  KFD1825: {
    name: 'CLOCK_OFF',
    meaning:
      'The `Date` of the door and the clock of this machine differ by minutes. Tokens and certificates carry times, so one of the two will soon call something expired, or not yet valid.',
    remedy: 'set the clock of this machine (`timedatectl`, `ntpdate`), or tell whoever runs the door',
  },
  KFD1826: {
    name: 'TLS_UNVERIFIED',
    meaning:
      'With `--insecure-skip-tls-verify` nobody proves to be the door. It holds for one call and is never remembered.',
    remedy:
      'trust the door instead: `--certificate-authority FILE`, or `kfdoor login URL --trust-certificate SHA256`',
  },
  KFD1503: {
    name: 'DECISION_FAILED',
    meaning:
      'Deciding the request failed inside the gateway, and what was not decided is not let through: 500. This is a defect.',
    remedy: 'run the door with `-v`, send the request again, and report both lines',
  },
}

/** What the ext_authz service tells callers; rules and names stand in its log under the decision's id. */
export const codesSpokenByAuthz: SpokenCodes = {
  KFD1701: {
    name: 'NOT_ADMITTED',
    meaning: 'The door knows who calls, and its lists of users, groups or claims do not admit them: 403.',
    remedy: 'look up the decision in the log of `kfdoor serve authz`; its `detail` names the list',
  },
  KFD1702: {
    name: 'TOKEN_NOT_ACCEPTED',
    meaning:
      'The Bearer token is none this door takes: its issuer is not among those trusted, no key of that issuer made its signature, or a claim it needs is missing or unfit. Which of them is not told to a caller, who may be guessing.',
    remedy: 'look up the decision in the log of `kfdoor serve authz`; its `detail` says what was wrong',
  },
  KFD1703: {
    name: 'TOKEN_EXPIRED',
    meaning: 'The Bearer token was good and has expired, by more than a minute.',
    remedy:
      'get a new one; a projected service-account token is renewed in its file, so read that file each time',
  },
  KFD1704: {
    name: 'TOKEN_AUDIENCE',
    meaning: 'The Bearer token is good, and was made for somebody else: `aud` names another audience.',
    remedy:
      'ask for one with an audience of this door, as `kubectl create token NAME --audience AUDIENCE` does',
  },
  KFD1705: {
    name: 'AUTHORIZER_UNAVAILABLE',
    meaning:
      'Something that has to be asked first does not answer: the issuer, its keys, the API server, or the session store. Nobody unknown is let in meanwhile: 503.',
    remedy: 'see `/readyz?verbose` on the port of `--metrics-listen`, and the log',
  },
  KFD1706: {
    name: 'UNREADABLE_CHECK',
    meaning:
      'The check names no path, no single host, or several credentials, so it could be read in two ways: 400.',
    remedy: 'send one path, one Host and one Authorization header',
  },
  KFD1707: {
    name: 'AUTHORIZATION_FAILED',
    meaning:
      'Deciding failed inside the ext_authz service, and what was not decided is not let through: 503.',
    remedy: 'look up the decision in its log, and report the line',
  },
}
