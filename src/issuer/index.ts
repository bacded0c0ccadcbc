export type {
  ConnectorConfig,
  DexClient,
  DexConfig,
  LdapConfig,
  RefreshPolicy,
  StaticPassword,
} from './config.ts'
export type { Identity, LoginResult, PasswordConnector } from './connectors/connector.ts'
export type { IssuerEvent } from './context.ts'
export type { TokenIdentity } from './exchange.ts'
export type { Environment } from './expand-env.ts'
export type { DexGeneration } from './generation.ts'
export { dexGeneration } from './generation.ts'
export type { Issuer, IssuerOptions } from './issuer.ts'
export { createIssuer } from './issuer.ts'
export type { ParsedConfig } from './parse-config.ts'
export { parseDexConfig } from './parse-config.ts'
export { publishedCredentials } from './published.ts'
export type { ParsedUsers } from './users-file.ts'
export { parseUsersFile, withUsers } from './users-file.ts'
export type { Field, Source } from './yaml-reader.ts'
export { readYaml } from './yaml-reader.ts'
