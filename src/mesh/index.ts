export { containerEnvironment } from './environment.ts'
export type * from './model.ts'
export { type MeshInput, type ParseOptions, parseMesh, validateResource } from './parse-mesh.ts'
export { isSubset, selects, serviceSelects, servicesOf, workloadsOf } from './select.ts'
