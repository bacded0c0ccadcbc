export { containerEnvironment } from './environment.ts'
export type { MeshInput } from './interim/parse-mesh.ts'
export { parseMesh } from './interim/parse-mesh.ts'
export type * from './model.ts'
