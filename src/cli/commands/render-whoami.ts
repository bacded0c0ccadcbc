import type { AskedWho } from '../../compose/doors/ask-who.ts'
import { sayEnd } from '../times.ts'

/** The contract of `whoami -o json`. */
export function whoamiAsJson({ name, url, who, kind, expiresAt }: AskedWho) {
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'WhoAmI',
    door: name,
    url: url.href,
    user: who.user ?? null,
    source: who.source ?? null,
    header: who.source === 'dashboard' ? 'kubeflow-userid' : null,
    credential: kind,
    claim: who.claim ?? null,
    groups: who.groups ?? [],
    issuer: who.issuer ?? null,
    audiences: who.audiences ?? [],
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    namespaces: who.namespaces,
    clusterAdmin: who.clusterAdmin ?? null,
  }
}

export function renderWhoami({ name, who, kind, expiresAt }: AskedWho, now: number): string {
  const rows: [string, string][] = [
    ['door', name],
    ['user', who.user ?? 'nobody the door knows'],
  ]
  if (who.source === 'dashboard') rows.push(['header', `kubeflow-userid: ${who.user}`])
  if (who.claim !== undefined) rows.push(['claim', who.claim])
  if (who.groups !== undefined) rows.push(['groups', who.groups.join(', ') || 'none'])
  if (who.issuer !== undefined) rows.push(['issuer', who.issuer])
  if (who.audiences !== undefined) rows.push(['audience', who.audiences.join(', ')])
  if (kind !== 'none') rows.push([kind === 'cookie' ? 'session' : 'token', sayEnd(expiresAt, now)])
  rows.push([
    'namespaces',
    who.namespaces.map(({ namespace, role }) => `${namespace} (${role})`).join(', ') ||
      'none the door tells of',
  ])
  if (who.clusterAdmin) rows.push(['admin', 'of the whole cluster'])
  return rows.map(([key, value]) => `${key.padEnd(11)} ${value}`).join('\n')
}
