export { type KubeApi, messageOf, openKubeApi } from './api.ts'
export { addressOf, type ClusterAccess, clusterAccess, readKubeconfig } from './kubeconfig.ts'
export {
  type KubeObjects,
  type ObjectRef,
  openObjects,
  type Right,
  type Written,
} from './objects.ts'
export { isPerson, managersOf, type Owned, ownersOf } from './ownership.ts'
export type { KubeObject, Resource } from './resources.ts'
export { isNoise } from './scrub-metadata.ts'
export { Scrubber } from './scrub-text.ts'
export { readGroups, type Snapshot, type SnapshotOptions, takeSnapshot } from './snapshot.ts'
export { type RequestedToken, requestToken } from './token-request.ts'
