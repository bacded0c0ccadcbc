import type { WalkCode } from './codes.ts'

/** Why each finding of the walk comes about, and what helps; with what `explain-code` tells. */
export const walkMeanings: { readonly [C in WalkCode]: { readonly cause: string; readonly remedy: string } } =
  {
    KFD0301: {
      cause:
        'A script put the address together from variables, and one of them is empty (INGRESS_HOST, INGRESS_PORT), or the scheme is none of http and https.',
      remedy:
        'print the address before it is used; find host and port with `kubectl -n istio-system get svc istio-ingressgateway`',
    },
    KFD0302: {
      cause:
        'No DNS server this machine asks knows the name: a typing error, a name of a company network without its VPN, or a domain nobody has made yet.',
      remedy: 'check the spelling and the network; for a test add the name to /etc/hosts',
    },
    KFD0303: {
      cause:
        'The name has an address, and nothing accepts connections on the port: another port is meant, the Service is a ClusterIP, the gateway has no ready pod, or a network policy or firewall refuses.',
      remedy: 'see type and ports of the gateway’s Service, and whether its pods are ready',
    },
    KFD0304: {
      cause:
        'TLS was begun on a port that speaks plain HTTP, such as `port-forward 8080:80`, or no server of the Gateway has a certificate for that name.',
      remedy:
        'use http:// there, or forward the TLS port (`8443:443`); `kfdoor lint` finds a Secret that is missing',
    },
    KFD0305: {
      cause: 'The address says http, and the port answers with TLS.',
      remedy: 'write https:// in the address',
    },
    KFD0306: {
      cause:
        'The certificate is signed by itself or by a CA this machine does not know, has expired, or is for other names. curl, Python and Go each have their own list of CAs.',
      remedy:
        'hand over the CA with --certificate-authority; `kfdoor ca inspect` shows what each client would say',
    },
    KFD0307: {
      cause: 'In less than two weeks every client refuses the door.',
      remedy: 'renew the certificate: cert-manager, or `kfdoor ca sign`',
    },
    KFD0308: {
      cause:
        'Tokens say from when and until when they are good. With clocks apart they are “not valid yet” or “expired”, and cookies end early.',
      remedy: 'set both clocks by NTP',
    },
    KFD0309: {
      cause:
        'What answered is no gateway with Kubeflow behind it: another application, another virtual host of the same gateway, or a gateway without a route for this host.',
      remedy: 'compare host and path with the VirtualServices: `kfdoor map`',
    },
    KFD0310: {
      cause:
        'The dashboard came without any sign-in: the CUSTOM policy or EnvoyFilter is missing, selects other pods, or is silently not applied by this Istio.',
      remedy: '`kfdoor lint` names the reason (KFD0216, KFD0228, KFD0229)',
    },
    KFD0311: {
      cause:
        'Strangers get a refusal instead of a login page: the auth service is down, its provider is not in the mesh configuration, or a policy refuses before it is asked.',
      remedy: 'look at the pods of the auth service; with `-f` the doctor names the policy',
    },
    KFD0312: {
      cause:
        'No session and no token is kept for this door, so the walk ends at the sign-in. It is no fault of the door.',
      remedy: '`kfdoor login URL`, and walk again',
    },
    KFD0313: {
      cause:
        'The door refuses what is kept or handed over: a session that ended, a token of another issuer or audience, a name or password Dex does not take.',
      remedy: 'sign in again; `kfdoor token inspect` says which rule a token misses',
    },
    KFD0314: {
      cause:
        'The door lets one in and hands no identity to what lies behind: no claim becomes `kubeflow-userid`, or the provider’s headers are not passed on.',
      remedy:
        'see outputClaimToHeaders of the RequestAuthentication and headersToUpstreamOnAllow of the provider',
    },
    KFD0315: {
      cause:
        'The door let the request through, and the application or its sidecar refused it: another namespace, a missing RoleBinding, a policy of the workload.',
      remedy: '`kfdoor whoami` for namespaces and roles; with `-f` the doctor names the line',
    },
    KFD0316: {
      cause:
        'Pipelines was installed for a single user and stands behind a sign-in for many: all of them share its runs.',
      remedy: 'install the multi-user Pipelines',
    },
    KFD0317: {
      cause: 'The CA was named as a folder, is not there, or holds no PEM certificate.',
      remedy: 'hand over the PEM file itself',
    },
    KFD0318: {
      cause:
        'Clients have ignored the subject of certificates for years; a name counts only in subjectAltName.',
      remedy: 'make the certificate anew with names: `kfdoor ca csr`, `kfdoor ca sign`',
    },
    KFD0319: {
      cause:
        'A cookie marked Secure is not sent over plain HTTP. The sign-in then finds no state or CSRF cookie, begins again, or ends in an error.',
      remedy: 'use HTTPS, or turn Secure off at the auth service and the web apps',
    },
    KFD0320: {
      cause: 'The cookie is for a domain the door is not part of, or one name is set for two domains.',
      remedy: 'set cookie_domain to the name people use, or leave it empty',
    },
    KFD0321: {
      cause:
        'The issuer sends people back to an address that is not where they began, so the cookie of the sign-in is not sent there.',
      remedy: 'open the door at that address, or make the redirect URL a path alone',
    },
    KFD0322: {
      cause:
        'The door sends strangers to a login page that answers with an error: Dex is down, or does not know the client or its redirect URL.',
      remedy: 'compare client and redirect URL of the auth service with Dex’s staticClients',
    },
    KFD0323: {
      cause:
        'The address was copied from the middle of a sign-in. Its request or code is good once and for minutes; kept in a bookmark or a script it leads nowhere.',
      remedy: 'begin at the door’s root',
    },
    KFD0324: {
      cause: 'Replicas do not know one another’s sessions, or run with different policies.',
      remedy: 'keep sessions in Redis, or run one replica',
    },
    KFD0325: {
      cause: 'A token handed over in a variable stays the same until it ends; clients read it once.',
      remedy: 'hand over a file that is renewed, or let `kfdoor proxy` hold the session',
    },
    KFD0326: {
      cause:
        'The engine was asked about the very request that was refused, and comes to the same answer by this line.',
      remedy: 'change the line, or the request; `kfdoor explain` shows every step',
    },
    KFD0327: {
      cause:
        'The YAML that was given predicts another answer: it is not what the cluster runs, or something in front of the gateway answered.',
      remedy: '`kfdoor verify` asks the whole map; `kfdoor snapshot` reads what the cluster runs',
    },
    KFD0328: {
      cause:
        'The gateway redirects http to https. Clients repeat a POST that was redirected with 301 as a GET, without its body.',
      remedy: 'use the https address from the beginning',
    },
  }
