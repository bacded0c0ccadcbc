import { isSubset } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Gateways for different callers on the same pods, where a policy selects the pods. */
export const sharedGatewayPods: Rule = {
  code: 'KFD0204',
  severity: 'warning',
  title: 'a sign-in for one Gateway also asks callers of another',
  why: 'A policy selects pods, not Gateway objects. Where two Gateways share the pods, calls from inside the cluster through the local one are sent to the login page too.',
  remedy:
    'Give the local Gateway pods of its own (another `selector`), or limit the policy by `hosts`. `kfdoor explain` on both hosts shows who is asked.',

  *check({ mesh, queries }) {
    for (const gateway of queries.gateways()) {
      const { proxy, name } = gateway
      const sharing = mesh.gateways.filter(
        ({ selector }) => selector === undefined || isSubset(selector, proxy.labels),
      )
      const local = sharing.find(isLocal)
      const outer = sharing.find((each) => !isLocal(each))
      if (local === undefined || outer === undefined) continue
      const policy = queries
        .policiesOn(proxy, 'CUSTOM')
        .find(({ rules }) =>
          rules?.some(({ to }) => !to?.some(({ operation }) => operation?.hosts || operation?.notHosts)),
        )
      const filter = mesh.envoyFilters.find(
        ({ workloadSelector, configPatches }) =>
          configPatches.some(({ patch }) => JSON.stringify(patch.value ?? '').includes('ext_authz')) &&
          isSubset(workloadSelector ?? {}, proxy.labels),
      )
      const asks = policy ?? filter
      if (asks === undefined) continue
      yield {
        message: `${nameOf(local)} and ${nameOf(outer)} share the pods of ${name}, so ${nameOf(asks)} asks callers of both`,
        evidence: [
          { at: local.at, text: `selector of ${nameOf(local)}` },
          { at: outer.at, text: `selector of ${nameOf(outer)}` },
          { at: asks.at, text: nameOf(asks) },
        ],
      }
    }
  },
}

function isLocal({
  name,
  servers,
}: {
  name: string
  servers: readonly { hosts: readonly { value: string }[] }[]
}) {
  const hosts = servers.flatMap((server) => server.hosts.map(({ value }) => value))
  return (
    /(^|-)local(-|$)/.test(name) ||
    (hosts.length > 0 && hosts.every((host) => host.endsWith('.cluster.local')))
  )
}
