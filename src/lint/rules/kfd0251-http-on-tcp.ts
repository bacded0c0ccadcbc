import type { AuthorizationRule } from '../../mesh/index.ts'
import { inboundPorts } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** Paths, headers and tokens on a port whose bytes the proxy does not read. */
export const httpOnTcp: Rule = {
  code: 'KFD0251',
  severity: 'warning',
  title: 'a policy speaks of HTTP on a TCP port',
  why: 'On a port that is declared as TCP (`tcp-…`, `mysql`, `mongo`, `appProtocol`) the proxy knows callers and ports only. An ALLOW rule with a path, a method, a header or a token is dropped there and lets nobody in; a DENY rule loses that part and refuses everybody; an HTTP provider is not asked.',
  remedy:
    'Name the port `http-…`, or limit the rule to the HTTP port with `ports`, or write it with callers only.',

  *check({ mesh, queries }) {
    for (const { proxy, name, workload } of queries.proxies()) {
      if (workload === undefined) continue
      const ports = [...inboundPorts(mesh, proxy).values()]
      const tcp = ports.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port)
      if (tcp.length === 0) continue
      for (const policy of mesh.authorizationPolicies) {
        if (!queries.selects(policy, proxy)) continue
        const action = actionOf(policy)
        // An ALLOW beside an HTTP port is meant for that one, and closes the other only.
        if (action === 'AUDIT' || (action === 'ALLOW' && tcp.length < ports.length)) continue
        const rule = policy.rules?.find(
          (each) => speaksOfHttp(each) && tcp.some((port) => reaches(each, port)),
        )
        if (rule === undefined) continue
        const port = tcp.find((each) => reaches(rule, each))
        const effect = {
          ALLOW: 'is dropped there and lets nobody in',
          DENY: 'loses what it says of HTTP and closes the port for everybody',
          CUSTOM: 'asks nobody there',
        }[action]
        yield {
          message: `${nameOf(policy)} speaks of HTTP, port ${port} of ${name} is TCP: the rule ${effect}`,
          evidence: [{ at: rule.at, text: nameOf(policy) }],
        }
      }
    }
  },
}

const ofRequests = ['hosts', 'notHosts', 'paths', 'notPaths', 'methods', 'notMethods'] as const
const ofTokens = ['requestPrincipals', 'notRequestPrincipals'] as const

function speaksOfHttp({ from, to, when }: AuthorizationRule): boolean {
  return (
    (to?.some(({ operation }) => ofRequests.some((field) => operation?.[field])) ?? false) ||
    (from?.some(({ source }) => ofTokens.some((field) => source?.[field])) ?? false) ||
    (when?.some(({ key }) => key.value.startsWith('request.')) ?? false)
  )
}

/** Whether it takes connections to that port, as far as it names ports. */
function reaches({ to, when }: AuthorizationRule, port: number): boolean {
  const named = (values: readonly { readonly value: string }[] | undefined) =>
    values?.some(({ value }) => value === `${port}`)
  const takes = to?.some(
    ({ operation }) => (named(operation?.ports) ?? true) && !(named(operation?.notPorts) ?? false),
  )
  const kept = when?.every(
    ({ key, values, notValues }) =>
      key.value !== 'destination.port' || ((named(values) ?? true) && !(named(notValues) ?? false)),
  )
  return (takes ?? true) && (kept ?? true)
}
