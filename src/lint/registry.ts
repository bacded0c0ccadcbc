import type { Rule } from './rule.ts'
import { requestPrincipalUnverified } from './rules/kfd0201-request-principal-unverified.ts'
import { exemptInOne } from './rules/kfd0202-exempt-in-one.ts'
import { exemptPathOpen } from './rules/kfd0203-exempt-path-open.ts'
import { sharedGatewayPods } from './rules/kfd0204-shared-gateway-pods.ts'
import { providerUnusable } from './rules/kfd0205-provider-unusable.ts'
import { severalProviders } from './rules/kfd0206-several-providers.ts'
import { issuerSpelling } from './rules/kfd0207-issuer-spelling.ts'
import { machineIssuerMissing } from './rules/kfd0208-machine-issuer-missing.ts'
import { issuerPlaceholder } from './rules/kfd0209-issuer-placeholder.ts'
import { audienceMissing } from './rules/kfd0210-audience-missing.ts'
import { headerTrusted } from './rules/kfd0211-header-trusted.ts'
import { hostShadow } from './rules/kfd0212-host-shadow.ts'
import { virtualServiceUnhosted } from './rules/kfd0213-virtual-service-unhosted.ts'
import { doubleStarPath } from './rules/kfd0214-double-star-path.ts'
import { prefixWithoutSlash } from './rules/kfd0215-prefix-without-slash.ts'
import { envoyFilterWithoutEffect } from './rules/kfd0216-envoy-filter-without-effect.ts'
import { valueNeverMatches } from './rules/kfd0217-value-never-matches.ts'
import { fromAndToApart } from './rules/kfd0218-from-and-to-apart.ts'
import { allowsEverybody } from './rules/kfd0219-allows-everybody.ts'
import { tlsSecret } from './rules/kfd0220-tls-secret.ts'
import { certificateUnfit } from './rules/kfd0221-certificate.ts'
import { sideEntrance } from './rules/kfd0224-side-entrance.ts'
import { publishedSecret } from './rules/kfd0225-published-secret.ts'
import { singleUserBehindLogin } from './rules/kfd0226-single-user-behind-login.ts'
import { exemptionPastDate } from './rules/kfd0227-exemption-past-date.ts'
import { openDoor } from './rules/kfd0228-open-door.ts'
import { policySelectsNothing } from './rules/kfd0229-sign-in-selects-nothing.ts'
import { unknownPrincipal } from './rules/kfd0230-unknown-principal.ts'
import { contributorHalf } from './rules/kfd0232-contributor-half.ts'
import { plainPortBesideTls } from './rules/kfd0233-plain-port-beside-tls.ts'
import { failOpen } from './rules/kfd0237-fail-open.ts'
import { pathReading } from './rules/kfd0238-path-reading.ts'
import { noSidecar } from './rules/kfd0240-no-sidecar.ts'
import { targetRefIgnored } from './rules/kfd0242-target-ref-ignored.ts'
import { dexAndServiceDisagree } from './rules/kfd0243-dex-and-service-disagree.ts'
import { sessionOutlivesToken } from './rules/kfd0244-session-outlives-token.ts'
import { cookieAndScheme } from './rules/kfd0246-cookie-and-scheme.ts'
import { dryRun } from './rules/kfd0248-dry-run.ts'
import { httpOnTcp } from './rules/kfd0251-http-on-tcp.ts'
import { listenerRefused } from './rules/kfd0252-listener-refused.ts'

/** Every rule, by code. */
export const rules: readonly Rule[] = [
  requestPrincipalUnverified,
  exemptInOne,
  exemptPathOpen,
  sharedGatewayPods,
  providerUnusable,
  severalProviders,
  issuerSpelling,
  machineIssuerMissing,
  issuerPlaceholder,
  audienceMissing,
  headerTrusted,
  hostShadow,
  virtualServiceUnhosted,
  doubleStarPath,
  prefixWithoutSlash,
  envoyFilterWithoutEffect,
  valueNeverMatches,
  fromAndToApart,
  allowsEverybody,
  tlsSecret,
  certificateUnfit,
  sideEntrance,
  publishedSecret,
  singleUserBehindLogin,
  exemptionPastDate,
  openDoor,
  policySelectsNothing,
  unknownPrincipal,
  contributorHalf,
  plainPortBesideTls,
  failOpen,
  pathReading,
  noSidecar,
  targetRefIgnored,
  dexAndServiceDisagree,
  sessionOutlivesToken,
  cookieAndScheme,
  dryRun,
  httpOnTcp,
  listenerRefused,
]

const described: readonly Pick<Rule, 'code' | 'severity' | 'title' | 'why' | 'remedy'>[] = [
  {
    code: 'KFD0200',
    severity: 'error',
    title: 'the YAML cannot be used as written',
    why: 'An object does not parse, has an unknown field, or would be refused by Istio’s admission webhook. What is not read decides nothing.',
    remedy: 'Correct the line; the message says what Istio accepts there.',
  },
  ...rules,
  {
    code: 'KFD0249',
    severity: 'warning',
    title: 'a rule no request can meet',
    why: 'All requests that can come to the proxy were looked at, and the rule takes none of them: its conditions exclude one another, no request line holds its path once it is normalized, or the proxy reads no token. Found with `--deep` only, because it looks at all requests.',
    remedy: 'Take the rule away, or the condition that excludes the others.',
  },
  {
    code: 'KFD0250',
    severity: 'warning',
    title: 'a rule or a route another one leaves nothing to',
    why: 'Whatever the rule takes, another rule of the same action takes too, or several together, or a DENY refuses; whatever the route takes, a route before it does. So it is with a path of a list that another path or rule takes or denies all the same. Who wrote it to narrow something has narrowed nothing: a second ALLOW only adds. Proved by inclusion, so all that is named can be taken away and no request fares otherwise. Found with `--deep` only.',
    remedy:
      'Take it away; or narrow the other one, if this one says what was meant; or move the route before it.',
  },
  {
    code: 'KFD0298',
    severity: 'info',
    title: 'a suppression has no effect',
    why: 'A `kfdoor:ignore` comment without a reason is not taken, and one that speaks of nothing hides the next finding on its line.',
    remedy: 'Write the reason behind the code, or take the comment away.',
  },
]

/** The rules, and the codes of what is found before any rule runs or by whoever looks at all requests; by code. */
export const allRules = [...described].sort((a, b) => (a.code < b.code ? -1 : 1))
