import type { AuthorizationRule, Gateway, Text } from '../../mesh/index.ts'
import { serviceTargets } from '../../policy/index.ts'
import { gatewaysOn, hostOf } from '../gateway-hosts.ts'
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
      const sharing = gatewaysOn(mesh.gateways, gateway)
      const targets = serviceTargets(mesh, proxy.namespace, proxy.labels)
      const portsOf = ({ servers }: Gateway) =>
        servers.map(
          ({ port: { number } }) => targets.find(({ port }) => port === number)?.targetPort ?? number,
        )
      for (const [one, other, severity] of pairsOf(sharing)) {
        const policy = queries
          .policiesOn(proxy, 'CUSTOM')
          .find(({ rules }) =>
            [one, other].every((each) => rules?.some((rule) => asksOn(rule, portsOf(each)))),
          )
        const asks = policy ?? queries.authnFilterOn(proxy)
        if (asks === undefined) continue
        yield {
          ...(severity && { severity }),
          message: `${nameOf(one)} and ${nameOf(other)} share the pods of ${name}, so ${nameOf(asks)} asks callers of both`,
          evidence: [
            { at: one.at, text: `selector of ${nameOf(one)}` },
            { at: other.at, text: `selector of ${nameOf(other)}` },
            { at: asks.at, text: nameOf(asks) },
          ],
        }
      }
    }
  },
}

/** A local Gateway and an outer one; else one of other hosts, which may be meant. */
function pairsOf(gateways: readonly Gateway[]): readonly (readonly [Gateway, Gateway, 'info'?])[] {
  const local = gateways.find(isLocal)
  const [first, ...others] = gateways.filter((each) => !isLocal(each))
  if (first === undefined) return []
  const different = others.find((each) => hostsOf(each).join() !== hostsOf(first).join())
  return [
    ...(local ? [[local, first] as const] : []),
    ...(different ? [[different, first, 'info'] as const] : []),
  ]
}

/** Whether a rule asks, whatever the host, on one of these ports. */
function asksOn({ to, when }: AuthorizationRule, ports: readonly number[]): boolean {
  const takes = (values: readonly Text[] | undefined) =>
    values === undefined || values.some(({ value }) => ports.includes(Number(value)))
  const limited = when?.some(({ key, values }) => key.value === 'destination.port' && !takes(values))
  if (limited) return false
  return (
    to?.some(({ operation }) => !operation?.hosts && !operation?.notHosts && takes(operation?.ports)) ?? true
  )
}

function hostsOf({ servers }: Gateway): readonly string[] {
  return [...new Set(servers.flatMap(({ hosts }) => hosts.map(({ value }) => hostOf(value))))].sort()
}

function isLocal(gateway: Gateway): boolean {
  const hosts = hostsOf(gateway)
  return (
    /(^|-)local(-|$)/.test(gateway.name) ||
    (hosts.length > 0 && hosts.every((host) => host.endsWith('.cluster.local')))
  )
}
