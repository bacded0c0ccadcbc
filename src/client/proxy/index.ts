export type { ProxiedDoor } from './carry.ts'
export { type InterceptorOptions, type RunningInterceptor, startInterceptor } from './intercept.ts'
export type { Observed } from './observe.ts'
export { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts'
