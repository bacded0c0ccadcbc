export type { Kserve, KserveOptions } from './kserve.ts'
export { createKserve } from './kserve.ts'
export type { Listening } from './listen.ts'
