export { accessMap, type MapOptions, type MapRow, type RouteName } from './access-map.ts'
export type { SignIn } from './sign-in.ts'
export type { ViewOptions } from './view.ts'
export type { Witness } from './witness.ts'
