export { containerEnvironment } from './environment.ts'
export type * from './model.ts'
export { type MeshInput, type ParseOptions, parseMesh, validateResource } from './parse-mesh.ts'
export { isSubset, serviceSelects, workloadsOf } from './select.ts'
