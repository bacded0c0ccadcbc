export type { ApiErrors } from './provider/api-errors.ts'
export { createAuthService } from './provider/authservice.ts'
export type { AuthServiceSettings } from './provider/authservice-settings.ts'
export { createOAuth2Proxy } from './provider/oauth2-proxy.ts'
export type {
  OAuth2ProxySettings,
  OtherIssuer,
  PathPattern,
  RoutePattern,
} from './provider/oauth2-proxy-settings.ts'
export type {
  AuthProvider,
  MintedSession,
  MintedUser,
  ProviderPorts,
  SignInEvent,
} from './provider/provider.ts'
export type { About, Answer as SignInAnswer, SchemeOf } from './provider/question.ts'
export type { BackChannel } from './relying-party/back-channel.ts'
export type { CookieSessionsOptions } from './sessions/cookie.ts'
export { memorySessions } from './sessions/memory.ts'
export { redisSessions } from './sessions/redis.ts'
export { type RedisOptions, type RedisTexts, readRedisOptions } from './sessions/redis-options.ts'
export { subjectOf } from './sessions/sessions.ts'
export { sqliteSessions } from './sessions/sqlite.ts'
export type { SessionStore, StoredSession } from './sessions/store.ts'
export { readAuthServiceSeat } from './settings/compat/read-authservice-seat.ts'
export { readOAuth2ProxySeat } from './settings/compat/read-oauth2-proxy-seat.ts'
export type { CompatSeat } from './settings/compat/seat.ts'
export { parseDurationSetting } from './settings/duration.ts'
export { isElsewhere } from './settings/elsewhere.ts'
export { authProviderKind, namedProviders } from './settings/find-provider.ts'
export { pathPattern, routePattern } from './settings/path-pattern.ts'
export { readAuthServiceSettings } from './settings/read-authservice.ts'
export { readOAuth2ProxySettings } from './settings/read-oauth2-proxy.ts'
