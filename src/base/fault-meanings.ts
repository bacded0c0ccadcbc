import { type FaultCode, numbers } from './fault.ts'

/** What `kfdoor explain-code` tells beyond the sentence: why it happens, and what helps. */
export interface Meaning {
  /** Whole sentences. */
  readonly meaning: string
  /** What to do, as one would say it after "What to do:"; lower case, no final period. */
  readonly remedy: string
}

/** One for every fault there is: a code without a meaning does not compile. */
const meanings: { readonly [C in FaultCode]: Meaning } = {
  ERR_JOURNAL_UNUSABLE: {
    meaning:
      "Before each write to a cluster, what is about to be done and what stood there before are written to a journal of one's own (`$XDG_STATE_HOME/kfdoor/plans`), so that an interruption can be finished or undone. That folder or file cannot be used.",
    remedy: 'make the folder yours with room on its disk, or choose another with `XDG_STATE_HOME`',
  },
  ERR_PLAN_BUSY: {
    meaning:
      'One plan is applied or rolled back by one process at a time. The lock belongs to the process and is gone when it ends, however it ends.',
    remedy: 'wait for the other one, or end it, then see `kfdoor plan status NAME`',
  },
  ERR_PLAN_CONFLICT: {
    meaning:
      'Kubernetes records who set each field of an object (`managedFields`). The plan would change fields that a controller, a GitOps tool or an unknown program has set, which may put them back at any moment; so nothing is written.',
    remedy:
      'change them in the repository the tool reads (`-o yaml` prints the objects), or, if it is stopped or meant so, `--force-conflicts`',
  },
  ERR_PLAN_CUT: {
    meaning:
      'The connection to the API server broke, or the server failed, while an object was being written. Whether it was written is found out by reading it again.',
    remedy:
      'when the server answers again: `kfdoor plan status NAME`, then `kfdoor apply NAME --continue` or `kfdoor rollback NAME`',
  },
  ERR_PLAN_EDITED: {
    meaning:
      'Since the plan wrote an object, somebody else changed, deleted or made it anew. Going on would build on what is no longer there; undoing would undo their change too.',
    remedy:
      'look at the differences shown; undo by hand, or let `kfdoor rollback NAME --force` put the former state over them',
  },
  ERR_PLAN_ELSEWHERE: {
    meaning:
      'A plan says which API server it was made from. Its objects and its access diff mean nothing at another one.',
    remedy: 'name the context it was made for, or make the plan anew here',
  },
  ERR_PLAN_GAIN: {
    meaning:
      "After the plan was applied, requests were sent to the live door, and one got through that the plan's access diff did not name.",
    remedy:
      'roll back, then compare with `kfdoor explain` what the door is configured to do with that request',
  },
  ERR_PLAN_NOT_PERMITTED: {
    meaning:
      'Where plans are applied on behalf of others, each change is held against what they may do first. One of these changes is not theirs to make.',
    remedy: 'have the plan applied by somebody who may',
  },
  ERR_PLAN_REJECTED: {
    meaning:
      'Before the first write every object is sent as a dry run, which goes through validation and admission and is not kept. One of them was not accepted.',
    remedy: 'make the plan anew against this cluster; where a kind is missing, install what serves it',
  },
  ERR_PLAN_RIGHTS: {
    meaning:
      'Before the first write the API server is asked whether each of them is allowed (SelfSubjectAccessReview). Some are not, so none was made.',
    remedy: 'have the verbs listed granted in a Role or ClusterRole, or let an administrator apply the plan',
  },
  ERR_PLAN_STALE: {
    meaning:
      "A plan's access diff is about the objects it was made from. One of them was changed, deleted or created since, so the prediction no longer holds.",
    remedy: 'run the command that made the plan again, and review the new access diff',
  },
  ERR_PLAN_STATE: {
    meaning:
      'A plan goes from planned to applied to rolled back, and what was asked does not fit where it is.',
    remedy: 'see `kfdoor plan status NAME`',
  },
  ERR_PLAN_STOPPED: {
    meaning:
      "The API server took some of the plan's writes and refused one. Plans close before they open, so what is applied is not more open than either end.",
    remedy: 'mend the reason given and `kfdoor apply NAME --continue`, or `kfdoor rollback NAME`',
  },
  ERR_PLAN_UNMET: {
    meaning:
      'After the plan was applied its witnesses were asked at the live door, and some answers are not what it predicts; none of them lets through what should stay closed. The door may not have the change yet, or something else stands in the way.',
    remedy:
      'ask again with `kfdoor verify URL`; `kfdoor explain` with the request of a line shows what should decide it',
  },
  ERR_PLAN_UNKNOWN: {
    meaning: 'A plan is named by its file, or by its name once it was saved with `-o plan` or applied.',
    remedy: 'see `kfdoor plan list`',
  },
  ERR_CA_UNUSABLE: {
    meaning:
      'A certificate authority of your own lies in a folder: its certificate and its key. One of them is missing, cannot be read, has expired, or does not belong to the other.',
    remedy: 'make a new one with `kfdoor ca init` in another folder, or restore both files from one backup',
  },
  ERR_CANNOT_LISTEN: {
    meaning:
      'The address or the port cannot be listened on: it is not one of this machine, or needs rights this user lacks (ports below 1024 on some systems).',
    remedy: 'choose another with `--address`, `--port` and `--http-port`',
  },
  ERR_CERTIFICATE_NAME: {
    meaning:
      'A certificate names hosts and addresses (RFC 5280, subject alternative names). What was given is neither, or a wildcard where none can stand: only the whole first label may be `*`.',
    remedy: 'write a host name such as `kubeflow.example.com`, `*.example.com`, or an IP address',
  },
  ERR_CSR_UNUSABLE: {
    meaning:
      'A signing request carries a public key and proves, by its own signature, that whoever made it has the private one. This one cannot be read, proves nothing, or names no host.',
    remedy: 'make it anew with `kfdoor ca csr`, or with `openssl req -new` and a subjectAltName',
  },
  ERR_DIRECTORY_FAILED: {
    meaning:
      'Dex signs people in through a directory (LDAP), and that directory did not answer, refused the service account of the connector, or its certificate is not trusted. Nobody is let in while it is so.',
    remedy:
      'check `host`, `bindDN`, `bindPW` and `rootCA` of the connector, and whether the directory is reachable from here',
  },
  ERR_FILE_UNWRITABLE: {
    meaning: 'A file was to be written and could not be; nothing half-written was left in its place.',
    remedy: 'check that the folder is there, is yours, and has room',
  },
  ERR_FOLDER_NEEDS_RENDERING: {
    meaning:
      'The folder holds a kustomization or a Helm chart, not plain YAML. What the cluster gets is only known after it was rendered, so reading the pieces would describe a door that does not exist.',
    remedy: 'render it and hand over the result, for example `kubectl kustomize DIR | kfdoor up -f -`',
  },
  ERR_INPUT_UNREADABLE: {
    meaning: 'A file or folder named on the command line is not there, or may not be read.',
    remedy: 'check the path and its permissions',
  },
  ERR_ISSUER_UNREACHABLE: {
    meaning:
      'The auth service needs the issuer (Dex): its discovery document and its keys, and later the tokens it exchanges codes for. One of them was not answered, or not as OpenID Connect says. Nobody can sign in meanwhile; sessions that exist go on.',
    remedy:
      'open the issuer URL with `/.well-known/openid-configuration` behind it and see what it answers; its `issuer` has to be that URL to the letter',
  },
  ERR_KEY_UNFIT: {
    meaning: 'Browsers and curl refuse short RSA keys, DSA, and rare curves, so such a key is not taken.',
    remedy: 'make one with `kfdoor ca csr`, or `openssl ecparam -name prime256v1 -genkey`',
  },
  ERR_MESH_INVALID: {
    meaning: 'The YAML has errors that leave the door undefined. Every one is named with file and line.',
    remedy: 'mend the lines named; while a door runs, it keeps the last good configuration until you do',
  },
  ERR_NAME_OUTSIDE_CA: {
    meaning:
      'The root certificate carries critical name constraints (RFC 5280 §4.2.1.10), so that it can never speak for sites it was not made for. The name lies outside of them, and every client would refuse the certificate.',
    remedy: 'make a CA for that name with `kfdoor ca init`, and let the clients trust that one',
  },
  ERR_NO_DOOR: {
    meaning: 'The command speaks to a door that `kfdoor up` runs on this machine, and found none.',
    remedy: 'start one with `kfdoor up`; with several, name yours with `--url URL`',
  },
  ERR_NO_GATEWAY: {
    meaning:
      'A door begins at a Gateway whose selector matches the labels of a gateway workload. The YAML holds none.',
    remedy: 'add the Gateway and, if its selector is unusual, the Deployment that carries those labels',
  },
  ERR_NOT_SIGNED_IN: {
    meaning:
      'The door wants to know who calls, and the request says it in none of the ways it takes: the cookie of a session, or a Bearer token for the audience of the door.',
    remedy:
      'add `-H "Cookie: $(kfdoor token --user EMAIL -o cookie)"` or `-H "$(kfdoor token --service-account NS/NAME -o header)"`',
  },
  ERR_PEM_UNREADABLE: {
    meaning:
      'A certificate, key or signing request was expected as PEM: a block between `-----BEGIN …-----` and `-----END …-----`.',
    remedy:
      'check that the file is the one you mean; DER becomes PEM with `openssl x509 -inform der -in FILE`',
  },
  ERR_PIPELINES_STORE: {
    meaning:
      'The Pipelines API keeps experiments, pipelines and runs in a SQLite file in the state folder, and that file cannot be opened, is no such database, or was made by a newer kfdoor.',
    remedy: 'move the file away (it is not touched), or choose another folder with `--state DIR`',
  },
  ERR_PORT_BUSY: {
    meaning: 'Another program listens on that port.',
    remedy: 'stop it, or choose another port; 0 takes a free one and prints it',
  },
  ERR_PUBLISHED_CREDENTIALS: {
    meaning:
      "Kubeflow's manifests publish a user, a password and client secrets for everybody to read. A door that uses them is open to whoever reaches it, so it stays on loopback.",
    remedy: 'give it users and secrets of its own, or listen on 127.0.0.1',
  },
  ERR_SERVICE_ACCOUNT_INVALID: {
    meaning:
      'Kubernetes names are lower-case letters, digits and `-` (a service account also `.`), at most 63 of them for a namespace. A token for any other name would be one that no cluster can issue.',
    remedy: 'write `NAMESPACE/NAME`, for example `kubeflow-user-example-com/default-editor`',
  },
  ERR_SESSION_NEEDS_TOKEN: {
    meaning:
      'A session of oauth2-proxy carries its ID token on to the gateway, whose RequestAuthentication reads the person from it. A session without that token would be signed in and refused everywhere.',
    remedy: 'sign in through the form, or mint with `kfdoor token --user EMAIL` while the door runs',
  },
  ERR_SESSIONS_UNREACHABLE: {
    meaning:
      'Sessions are kept in Redis, and Redis does not answer. Nobody can say who is signed in, so requests with a session are refused until it does; it is asked again by itself. Requests with a good token are let through.',
    remedy:
      'see that the Redis named is up and that its name, port, password and CA are right: `redis-cli -u URL ping`',
  },
  ERR_SESSIONS_UNUSABLE: {
    meaning:
      'Sessions are kept in a SQLite file in the state folder. It cannot be opened, is damaged, or was made by a newer kfdoor. The door stays shut rather than forget who signed out.',
    remedy: 'move the file away (everybody signs in again), or choose another folder with `--state DIR`',
  },
  ERR_SETTINGS_INVALID: {
    meaning:
      'A service was to be started with settings it cannot use: a field it does not know, a value of the wrong kind, or one that is missing. It does not guess, for the field may be a lock somebody trusts.',
    remedy:
      'mend the lines named, then look at the result with `kfdoor serve authz config view`; a service that runs keeps its last good settings',
  },
  ERR_SIGNING_KEY_MISSING: {
    meaning: 'A token was to be signed with an algorithm for which the key set has no key.',
    remedy: 'use an algorithm the issuer announces, or let the state folder make its keys anew',
  },
  ERR_SIGNING_KEY_UNFIT: {
    meaning: 'The key is of the wrong kind or too short for the algorithm (RFC 7518 asks RSA for 2048 bits).',
    remedy: 'remove the key file from the state folder; the next start makes a fit one',
  },
  ERR_STATE_UNUSABLE: {
    meaning:
      'Keys, sessions and recorded runs are kept in the state folder, and it cannot be read, written or trusted.',
    remedy: 'choose a folder of your own with `--state DIR`, or keep nothing with `--state :memory:`',
  },
  ERR_TLS_SERVER_UNUSABLE: {
    meaning:
      'A server of a Gateway speaks TLS with the Secret its `credentialName` names, and that pair of certificate and key cannot be used: unreadable, expired, or not belonging together.',
    remedy: 'mend the Secret, or leave it out of the YAML: then a certificate of the own CA stands in',
  },
  ERR_TOKEN_DURATION: {
    meaning: "Kubernetes' TokenRequest refuses tokens that live less than ten minutes; so does this issuer.",
    remedy: 'ask for 10m or more',
  },
  ERR_USAGE: {
    meaning: 'The command was typed in a way kfdoor does not understand.',
    remedy: 'see `kfdoor COMMAND --help`, which ends in examples',
  },
  ERR_TRUST_STORE: {
    meaning:
      'A trust store is changed by the system’s own programs (certutil, update-ca-certificates, security, keytool). One of them refused; steps before it were done, and can be undone by `kfdoor ca uninstall`.',
    remedy: 'see what would be done with `kfdoor ca install --dry-run`, and run the step that failed by hand',
  },
  ERR_WOULD_OVERWRITE: {
    meaning:
      'A key or certificate of that name is there. Keys are never overwritten: what was signed with the old one would be lost.',
    remedy: 'choose another folder, or move the old file away first',
  },
  ERR_CERTIFICATE_UNTRUSTED: {
    meaning:
      'The door shows a certificate that does not lead to an authority trusted on this machine, is for other names, or is not valid now. Nothing was sent to it.',
    remedy:
      "get the authority's certificate from whoever runs the door and name it with `--certificate-authority FILE` (for a local door: `kfdoor ca path`), or compare the SHA-256 with them and use `--trust-certificate SHA256`",
  },
  ERR_CONNECTOR_CHOICE: {
    meaning:
      'Dex offers several connectors, and a password belongs to one of them: kfdoor does not try yours on all.',
    remedy: 'name one with `--connector ID`',
  },
  ERR_CREDENTIALS_EXPIRED: {
    meaning: 'A session or token has an end. This one is past it, or the door ended it earlier.',
    remedy: 'sign in again with `kfdoor login`',
  },
  ERR_CREDENTIALS_EXPOSED: {
    meaning:
      'A file with a credential has to be readable by its owner alone, as with an SSH key. Somebody else may have read this one.',
    remedy: 'close it with `chmod 600 FILE`; if others use this machine, sign out and in again',
  },
  ERR_KEYRING: {
    meaning:
      'The credential was to be kept in, or read from, the keyring of the operating system (`--credential-store keyring`), and that failed. It is not put anywhere else instead.',
    remedy:
      'start and unlock the keyring, or choose another place with `kfdoor login URL --credential-store file` or `none`',
  },
  ERR_CREDENTIALS_MISSING: {
    meaning:
      'The command needs to enter a door, and neither the kept doors nor the environment hold a credential for it. Without a terminal nobody is asked.',
    remedy:
      'sign in with `kfdoor login URL`, or set `KFDOOR_USERNAME` and `KFDOOR_PASSWORD`, or `KFDOOR_TOKEN`',
  },
  ERR_CREDENTIALS_WRONG: {
    meaning:
      "The door, or the directory behind it, does not know this user name with this password. What it said is repeated in its own words. Dex's own password database wants the e-mail address.",
    remedy: 'check the user name and password, and whether another connector is meant',
  },
  ERR_DOOR_REFUSED: {
    meaning:
      'The door took the request and refused it by a rule of its own: the credential is not enough, or is not of the kind it wants.',
    remedy: 'give what it said to `kfdoor why`, or ask `kfdoor explain` which line decides',
  },
  ERR_DOOR_UNKNOWN: {
    meaning: 'A door is named with `--door` or `KFDOOR_DOOR` once it was signed in to.',
    remedy: 'list them with `kfdoor doors`',
  },
  ERR_DOOR_UNREACHABLE: {
    meaning:
      'The host is there, and no answer came that can be read: a time-out, a reset, or another protocol on that port.',
    remedy: 'check scheme and port, and whether a proxy (`HTTPS_PROXY`, `NO_PROXY`) stands between',
  },
  ERR_FOREIGN_ORIGIN: {
    meaning:
      'A redirect led to another origin. A credential is never sent to a site that is not the one you named.',
    remedy:
      'if that site is part of signing in (a Dex with a host of its own), say so with `--trust-origin URL`',
  },
  ERR_HOST_UNKNOWN: {
    meaning: 'The name of the door is not in DNS as this machine sees it.',
    remedy: 'check the spelling; names of a company network need its VPN or DNS',
  },
  ERR_HTML_ANSWER: {
    meaning:
      'Data or a sign-in form was expected and a page came that is neither: a maintenance page, a captive portal, another application.',
    remedy: 'open the address in a browser and see who answers',
  },
  ERR_CLUSTER_REFUSED: {
    meaning: 'The API server answers, and its RBAC lets you read nothing a door is made of.',
    remedy:
      'have somebody bind the role that `kfdoor snapshot --role` prints, or ask for a snapshot as a file',
  },
  ERR_KUBECONFIG: {
    meaning:
      'A token of the current cluster was asked for, and the kubeconfig that says where it is cannot be used.',
    remedy: 'check `kubectl config view`, `--kubeconfig` and `--context`',
  },
  ERR_MODEL_NOT_FOUND: {
    meaning:
      'KServe routes to a model by a host of its own or by a path, and none of its usual ones reached a model server: the model is not ready, has another domain, or a rule refuses the way.',
    remedy: 'look at `kubectl get inferenceservice -n NS`, and name the host or the path it shows',
  },
  ERR_NEEDS_BROWSER: {
    meaning:
      'People sign in at an identity provider outside the door, or with a second factor. That cannot be done by filling a form from here.',
    remedy: 'use `kfdoor login URL --browser`, a service account, or a token',
  },
  ERR_NOT_A_DOOR: {
    meaning:
      'What answers shows no sign of Kubeflow: no sign-in, no Pipelines API, no dashboard, no Istio gateway.',
    remedy: 'check host, port and path; behind a sub-path give the whole URL',
  },
  ERR_PLAIN_HTTP: {
    meaning:
      'Over plain HTTP everybody on the way reads a password or a token. It is sent to this machine only, unless allowed.',
    remedy: 'use `https://`; `--allow-plain-http` allows it for one call',
  },
  ERR_PORT_CLOSED: {
    meaning: 'The host refused the connection: no program listens on that port.',
    remedy: 'check the port, and for a local door run `kfdoor up`',
  },
  ERR_REDIRECT_LOOP: {
    meaning:
      'The door sends in circles: it does not take the session it has just given, or loses its cookie.',
    remedy: 'look for a `Secure` cookie over plain HTTP, a stale session, or a wrong clock at the door',
  },
  ERR_SIGN_IN_CSRF: {
    meaning:
      'The auth service ties a sign-in to the browser by a cookie, and found it missing or another: two sign-ins at once, or another host name between.',
    remedy: 'sign in again with the very address the door uses for itself',
  },
  ERR_SIGN_IN_EXPIRED: {
    meaning: 'Dex keeps a sign-in for a while and ends it with its first use. This one was over.',
    remedy: 'sign in again',
  },
  ERR_SIGN_IN_LIMITED: {
    meaning: 'Too many attempts were made, so the door slows everybody down who guesses passwords.',
    remedy: 'wait, then try again with the right one',
  },
  ERR_SIGN_IN_REFUSED: {
    meaning:
      'The password was taken or not even asked for, and the door still ends the sign-in: its configuration, or a rule about who may enter.',
    remedy:
      'give its words to `kfdoor why`; whoever runs the door can look into the logs of Dex and of the auth service',
  },
  ERR_OBJECT_CHANGED: {
    meaning:
      'A plan holds every object as it was when the plan was made. One of them is different now, is gone, or was made by somebody else meanwhile, so what the plan promised is not known to hold.',
    remedy: 'run the command that made the plan again, look at the new one, and apply that',
  },
  ERR_MANAGED_ELSEWHERE: {
    meaning:
      'An object says that Argo CD, Flux, Helm or an operator keeps it. A change made beside them is undone at their next look, at a moment nobody chose, so nothing is written.',
    remedy:
      'make the change in the repository it comes from: `-o yaml` prints the objects, `-o kustomize DIR` writes a component',
  },
  ERR_INTENT_REFUSED: {
    meaning:
      'A change was looked at over all requests before anything was written, and it would let through more than was asked for, or not what was asked for. Each line says what.',
    remedy: 'follow what the lines say; `kfdoor explain` with the request of a line shows what decides it',
  },
  ERR_SUBJECT_UNKNOWN: {
    meaning: 'What the command is about is not among the objects of the door it was given.',
    remedy: 'check the name and the namespace; `kfdoor map` lists every route of a door',
  },
  ERR_TOKEN_REQUEST: {
    meaning:
      "Kubernetes gives a service account's token to whoever may `create` on `serviceaccounts/token` in its namespace.",
    remedy: 'check `kubectl auth can-i create serviceaccounts/token -n NS`, and the names',
  },
}

/**
 * Codes that are said without a `Fault` being thrown: in the body of an answer of the gateway, or
 * when kfdoor itself is at fault.
 */
const spoken: { readonly [code: `KFD${number}`]: Meaning & { readonly name: string } } = {
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
const spokenByAuthz: typeof spoken = {
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

/** A code as `explain-code` prints it. */
export interface ExplainedCode extends Meaning {
  readonly code: string
  readonly name: string
}

/** Finds a code by its number or its name, in any case. Undefined: this room knows no such code. */
export function explainCode(typed: string): ExplainedCode | undefined {
  return explainedCodes.find(({ code, name }) => [code, name].includes(typed.toUpperCase()))
}

/** Every code of this room. */
export const explainedCodes: readonly ExplainedCode[] = [
  ...(Object.keys(numbers) as FaultCode[]).map((name) => ({ code: numbers[name], name, ...meanings[name] })),
  ...Object.entries({ ...spoken, ...spokenByAuthz }).map(([code, { name, meaning, remedy }]) => ({
    code,
    name,
    meaning,
    remedy,
  })),
]
