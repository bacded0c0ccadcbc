export type { Kserve, KserveOptions, ServedModel } from './kserve.ts'
export { createKserve } from './kserve.ts'
export type { Listening } from './listen.ts'
export { createModelsApp } from './models-app.ts'
