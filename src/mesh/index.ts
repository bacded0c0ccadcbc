export type * from './model.ts'
export type { MeshInput } from './parse-mesh.ts'
export { parseMesh } from './parse-mesh.ts'
export { containerEnvironment } from './environment.ts'
