import { type FaultRows, forWhy } from './fault-row.ts'

/** Why a door is not reached, or is not the one that was meant (`KFD1801`–`KFD1806`, `KFD1813`–`KFD1816`, `KFD1832`). */
export interface ReachFacts {
  readonly ERR_HOST_UNKNOWN: { readonly host: string }
  readonly ERR_PORT_CLOSED: { readonly host: string; readonly port: number }
  readonly ERR_DOOR_UNREACHABLE: { readonly url: string; readonly reason: string }
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
  readonly ERR_NOT_A_DOOR: { readonly url: string; readonly saw: string }
  readonly ERR_PLAIN_HTTP: { readonly url: string; readonly what: string }
  readonly ERR_FOREIGN_ORIGIN: { readonly door: string; readonly target: string }
  readonly ERR_REDIRECT_LOOP: {
    readonly door: string
    readonly paths: readonly string[]
    readonly hint?: string
  }
  readonly ERR_DOOR_REFUSED: { readonly url: string; readonly status: number; readonly words: string }
  readonly ERR_HTML_ANSWER: { readonly url: string; readonly status: number; readonly title: string }
  readonly ERR_MODEL_NOT_FOUND: {
    readonly model: string
    readonly tried: readonly string[]
    readonly refused: readonly string[]
  }
}

export const reachFaults: FaultRows<ReachFacts> = {
  ERR_HOST_UNKNOWN: {
    number: 'KFD1801',
    sentence: (f) => `there is no host \`${f.host}\`; check the name, and whether a VPN has to be up`,
    meaning: 'The name of the door is not in DNS as this machine sees it.',
    remedy: 'check the spelling; names of a company network need its VPN or DNS',
  },
  ERR_PORT_CLOSED: {
    number: 'KFD1802',
    sentence: (f) =>
      `nothing listens on port ${f.port} of \`${f.host}\`; check the port, and whether the door runs`,
    meaning: 'The host refused the connection: no program listens on that port.',
    remedy: 'check the port, and for a local door run `kfdoor up`',
  },
  ERR_DOOR_UNREACHABLE: {
    number: 'KFD1803',
    sentence: (f) => `cannot reach \`${f.url}\`: ${f.reason}`,
    meaning:
      'The host is there, and no answer came that can be read: a time-out, a reset, or another protocol on that port.',
    remedy: 'check scheme and port, and whether a proxy (`HTTPS_PROXY`, `NO_PROXY`) stands between',
  },
  ERR_CERTIFICATE_UNTRUSTED: {
    number: 'KFD1804',
    sentence: untrusted,
    meaning:
      'The door shows a certificate that does not lead to an authority trusted on this machine, is for other names, or is not valid now. Nothing was sent to it.',
    remedy:
      "get the authority's certificate from whoever runs the door and name it with `--certificate-authority FILE` (for a local door: `kfdoor ca path`), or compare the SHA-256 with them and use `--trust-certificate SHA256`",
  },
  ERR_NOT_A_DOOR: {
    number: 'KFD1805',
    sentence: (f) => `\`${f.url}\` is not a Kubeflow door: ${f.saw}; check the address`,
    meaning:
      'What answers shows no sign of Kubeflow: no sign-in, no Pipelines API, no dashboard, no Istio gateway.',
    remedy: 'check host, port and path; behind a sub-path give the whole URL',
  },
  ERR_PLAIN_HTTP: {
    number: 'KFD1806',
    sentence: (f) =>
      `will not send ${f.what} to \`${f.url}\` without encryption; use \`https://\`, or say \`--allow-plain-http\``,
    meaning:
      'Over plain HTTP everybody on the way reads a password or a token. It is sent to this machine only, unless allowed.',
    remedy: 'use `https://`; `--allow-plain-http` allows it for one call',
  },
  ERR_FOREIGN_ORIGIN: {
    number: 'KFD1813',
    sentence: (f) =>
      `\`${f.door}\` sends on to another site, \`${f.target}\`; no credential was sent there; if it is the door, run \`kfdoor login ${f.target}\`, if it signs people in, add \`--trust-origin ${f.target}\``,
    meaning:
      'A redirect led to another origin. A credential is never sent to a site that is not the one you named.',
    remedy:
      'if that site is part of signing in (a Dex with a host of its own), say so with `--trust-origin URL`',
  },
  ERR_REDIRECT_LOOP: {
    number: 'KFD1814',
    sentence: (f) =>
      `the door redirects in a loop: ${f.paths.join(' -> ')}${f.hint ? `; ${f.hint}` : ''}; see \`kfdoor why 'too many redirects'\``,
    meaning:
      'The door sends in circles: it does not take the session it has just given, or loses its cookie.',
    remedy: 'look for a `Secure` cookie over plain HTTP, a stale session, or a wrong clock at the door',
  },
  ERR_DOOR_REFUSED: {
    number: 'KFD1815',
    sentence: (f) => `\`${f.url}\` answers ${f.status}: ${f.words}; see \`kfdoor why '${forWhy(f.words)}'\``,
    meaning:
      'The door took the request and refused it by a rule of its own: the credential is not enough, or is not of the kind it wants.',
    remedy: 'give what it said to `kfdoor why`, or ask `kfdoor explain` which line decides',
  },
  ERR_HTML_ANSWER: {
    number: 'KFD1816',
    sentence: (f) =>
      `\`${f.url}\` answers ${f.status} with a page (${f.title || 'without a title'}) that is no step of a sign-in and no data; open it in a browser, or see \`kfdoor doctor\``,
    meaning:
      'Data or a sign-in form was expected and a page came that is neither: a maintenance page, a captive portal, another application.',
    remedy: 'open the address in a browser and see who answers',
  },
  ERR_MODEL_NOT_FOUND: {
    number: 'KFD1832',
    sentence: (f) =>
      f.refused.length > 0
        ? `the door refuses the way to model \`${f.model}\`: ${f.refused.slice(0, 3).join('; ')}; see \`kfdoor why 'RBAC: access denied'\``
        : `no model server answers for \`${f.model}\` at ${f.tried.slice(0, 6).join(', ')}; name the host or path \`kubectl -n ${f.model.split('/')[0]} get inferenceservice ${f.model.split('/')[1]}\` shows with \`--host\` or \`--path\`, unless it is one of the cluster only (\`.svc.cluster.local\`)`,
    meaning:
      'KServe routes to a model by a host of its own or by a path, and none of its usual ones reached a model server: the model is not ready, has another domain, or a rule refuses the way.',
    remedy: 'look at `kubectl get inferenceservice -n NS`, and name the host or the path it shows',
  },
}

/** What a person needs to decide about a certificate: issuer, names, fingerprint, and how to trust it. */
function untrusted(f: ReachFacts['ERR_CERTIFICATE_UNTRUSTED']): string {
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
