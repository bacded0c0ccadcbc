export { createDoorFetch, type DoorFetch } from './door-fetch.ts'
export {
  type CredentialStore,
  createDoorSession,
  type DoorSession,
  type DoorSessionOptions,
  memoryStore,
  type Pass,
} from './door-session.ts'
export { type Agent, type AgentOptions, type Answer, createAgent, type SendRequest } from './http/agent.ts'
export { type Cookie, type CookieJar, cookieHeader, createCookieJar } from './http/cookie-jar.ts'
export { isLoopback, proxyFor } from './http/proxy-env.ts'
export {
  certificateWithFingerprint,
  readCertificateAuthority,
  sentCertificates,
  type TrustOptions,
} from './http/trust.ts'
export { asBrowser, createVisitor, type Visitor, type VisitorOptions } from './http/visitor.ts'
export {
  createKfp,
  type Experiment,
  type Health,
  type KfpClient,
  type NewRun,
  type Pipeline,
  type PipelineVersion,
  type RecurringRun,
  type Run,
} from './kfp.ts'
export {
  createKserve,
  type InferRequest,
  type InferResponse,
  type KserveModel,
  type ModelPlace,
  type ModelRoute,
  type Prediction,
  type Tensor,
} from './kserve.ts'
export { browserLogin } from './login/browser.ts'
export { type DevicePrompt, deviceLogin } from './login/device.ts'
export { beginSignIn, discoverIssuer, type PublicIssuer } from './login/issuer.ts'
export type { Connector, Credential, Seen, SignedIn } from './login/outcome.ts'
export { passwordLogin, refusePlainHttp } from './login/password.ts'
export { passwordGrant } from './login/password-grant.ts'
export { pastedCookie, pasteLogin } from './login/paste.ts'
export { issuedAt } from './login/session.ts'
export { signOutOf } from './login/sign-out.ts'
export { claimsOf, endOf, refreshToken, userOf } from './login/token-set.ts'
export { doorWords } from './page/door-words.ts'
export {
  type Observed,
  type ProxiedDoor,
  startInterceptor,
  startProxy,
} from './proxy/index.ts'
export { type DoorKind, pressStart, type RecognisedDoor, recogniseDoor, type SignOut } from './recognise.ts'
export { challengedWith, type WhoAmI, whoAmI } from './who.ts'
