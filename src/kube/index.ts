export { openKubeApi } from './api.ts'
export { type ClusterAccess, clusterAccess } from './kubeconfig.ts'
export { readGroups, type Snapshot, type SnapshotOptions, takeSnapshot } from './snapshot.ts'
export { type RequestedToken, requestToken } from './token-request.ts'
