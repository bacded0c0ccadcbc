/** What an exposure brings with it beyond its access: said before it is made, for a reader to weigh. */
import type { Mesh } from '../../mesh/index.ts'
import type { Exposure } from './objects.ts'

export function risksOf(exposure: Exposure, mesh: Mesh): readonly string[] {
  const { target, trust, ask, entry } = exposure
  const risks: string[] = []
  if (trust.atGateway.length > 0) {
    risks.push(
      'the gateway reads tokens of one more issuer: a token of it that is broken or expired is answered 401 on every path, where it was not looked at before',
    )
  }
  if (trust.people === undefined) risks.push(...headerRisks(exposure))
  risks.push(...accountRisks(exposure, mesh))
  if (ask.host !== undefined && !entry.hostShared) {
    risks.push(
      `at Gateway ${entry.gateway}, ${ask.host} serves this and nothing else from now on, no dashboard either`,
    )
  }
  if (!target.podsKnown) {
    risks.push(
      `no pod of ${target.name} is in this door: the policy before it selects what its controller labels them with, and that cannot be checked here`,
    )
  }
  return risks
}

/** Of a door that hands people on by a header, which no pod can verify. */
function headerRisks({ target, ask }: Exposure): readonly string[] {
  if (ask.public) {
    return target.behindLocalGateway
      ? [
          'any pod of the mesh that calls the local gateway gets to the model too, for the model is asked to believe nobody in particular',
        ]
      : []
  }
  const risks: string[] = []
  if (ask.to.some(({ kind }) => kind !== 'sa')) {
    risks.push(
      target.behindLocalGateway
        ? 'this door hands people on by a header and not by a token: a pod that calls the local gateway with a made-up kubeflow-userid is believed by the model; name service accounts instead, or move to oauth2-proxy'
        : 'this door hands people on by a header: it is believed from the gateway alone',
    )
  }
  if (ask.to.some(({ kind }) => kind === 'group')) {
    risks.push(
      'this door hands groups on as one text: whoever is in another group too is not let in by the one that is named',
    )
  }
  return risks
}

/** A door read without its ServiceAccounts says nothing of them. */
function accountRisks({ ask }: Exposure, { serviceAccounts }: Mesh): readonly string[] {
  const known = new Set(serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`))
  if (known.size === 0) return []
  return ask.to.flatMap((grantee) => {
    if (grantee.kind !== 'sa') return []
    const name = `${grantee.namespace}/${grantee.name}`
    return known.has(name)
      ? []
      : [`there is no ServiceAccount ${name} in this door; whoever makes one of that name is let in`]
  })
}
