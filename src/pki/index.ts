export type { Authority } from './ca.ts'
export { createAuthority } from './ca.ts'
export { type CaFolder, issueInto, openCaFolder, type Signed } from './ca-folder.ts'
export { type Certificate, readCertificates } from './certificate.ts'
export { type ClientVerdict, judgeClients } from './clients/judge.ts'
export { isOpenToOthers, readNeeded, readPem, writePublic } from './files.ts'
export { type CertificateFacts, inspectCertificates, isIssuedBy, keyFits } from './inspect.ts'
export type { KeyType } from './keys.ts'
export { generateKey, keyPem } from './keys.ts'
export type { LeafUsage } from './leaf.ts'
export { issueLeaf } from './leaf.ts'
export type { DoorNames } from './names.ts'
export { doorNames } from './names.ts'
export { askedFor, firstName, refusalsOf } from './refusals.ts'
export { issuedIn, type Renewed, renew } from './renew.ts'
export {
  authorityIn,
  callersAuthority,
  certificateIn,
  type SecretTexts,
  secretTexts,
  servedPair,
} from './secret-texts.ts'
export type { ServerCertificate } from './server-certificate.ts'
export { ensureServerCertificate } from './server-certificate.ts'
export {
  authorityConfigMap,
  clientAuthoritySecret,
  refuseKeyIn,
  refuseUnfitPair,
  type TlsFiles,
  tlsSecret,
} from './tls-secret.ts'
export {
  type Machine,
  rootToTrust,
  type Step,
  type Store,
  type StoreKind,
  trustStores,
  type Unusable,
} from './trust/index.ts'
