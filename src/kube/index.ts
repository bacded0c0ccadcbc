export { type ClusterAccess, clusterAccess } from './kubeconfig.ts'
export { type RequestedToken, requestToken } from './token-request.ts'
