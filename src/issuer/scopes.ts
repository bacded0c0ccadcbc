import type { DexClient } from './config.ts'

const PLAIN = new Set(['openid', 'offline_access', 'email', 'profile', 'groups', 'federated:id'])
const CROSS_CLIENT = 'audience:server:client_id:'

/** The client a scope wants a token for, if it is of that kind. */
export function peerOf(scope: string): string | undefined {
  return scope.startsWith(CROSS_CLIENT) ? scope.slice(CROSS_CLIENT.length) : undefined
}

/** What is wrong with the scopes, in Dex's words; undefined when nothing is. */
export function judgeScopes(
  clients: readonly DexClient[],
  clientId: string,
  scopes: readonly string[],
): string | undefined {
  if (!scopes.includes('openid')) return 'Missing required scope(s) ["openid"].'
  const special = scopes.filter((scope) => !PLAIN.has(scope))
  const unrecognized = special.filter((scope) => peerOf(scope) === undefined)
  if (unrecognized.length > 0) return `Unrecognized scope(s) ${goList(unrecognized)}`
  const refused = special.filter((scope) => !trusts(clients, peerOf(scope) as string, clientId))
  if (refused.length > 0) return `Client can't request scope(s) ${goList(refused)}`
  return undefined
}

function trusts(clients: readonly DexClient[], peerId: string, clientId: string): boolean {
  if (peerId === clientId) return true
  return clients.find(({ id }) => id === peerId)?.trustedPeers.includes(clientId) ?? false
}

/** Go's `%q` of a slice. */
export function goList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}
