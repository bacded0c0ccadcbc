export type { CompactJws } from './jws.ts'
export { parseCompactJws } from './jws.ts'
export type { KeySet, KeySource, KeySourceOptions } from './key-source.ts'
export { createKeySource } from './key-source.ts'
export type {
  ServiceAccountIssuer,
  ServiceAccountIssuerOptions,
  TokenRequest,
  TokenReview,
} from './service-account.ts'
export { CLUSTER_ISSUER, serviceAccountIssuer } from './service-account.ts'
export type {
  KeyStore,
  PublicJwk,
  SigningAlgorithm,
  SigningKeys,
  SigningKeysOptions,
} from './signing-keys.ts'
export { createSigningKeys, sameSecret } from './signing-keys.ts'
export type { Verifier, VerifierKey } from './verifier.ts'
export { createVerifier, isFitPayload } from './verifier.ts'
