export type { ProxiedDoor } from './carry.ts'
export { startInterceptor } from './intercept.ts'
export type { Observed } from './observe.ts'
export { startProxy } from './proxy.ts'
