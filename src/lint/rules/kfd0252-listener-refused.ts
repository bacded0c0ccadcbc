import type { Rule } from '../rule.ts'

/** Servers that istiod puts into one listener and Envoy refuses together. */
export const listenerRefused: Rule = {
  code: 'KFD0252',
  severity: 'error',
  title: 'Envoy refuses a port of the gateway',
  why: 'istiod compares hosts as written, so `*` beside `team/*`, or one name with and without a namespace, gets through it. Envoy takes a server name once for each port, or refuses the whole port: a new pod of the gateway never becomes ready, and one that runs keeps what it had, whatever is changed from then on.',
  remedy: 'Name each host in one server of the port only, as `*` or with its first label.',

  *check({ queries }) {
    for (const { proxy, name } of queries.gateways()) {
      for (const { port, clash, chains } of queries.door.listeners(proxy).refused) {
        const [first, ...others] = chains
          .filter(({ serverNames = ['*'] }) => serverNames.includes(clash))
          .map(({ server: { gateway, server } }) => ({
            at: server.at,
            text: `${gateway.object.kind} ${gateway.key} takes \`${clash}\``,
          }))
        if (first === undefined) continue
        yield {
          message: `Envoy does not open port ${port} of ${name}: \`${clash}\` is taken twice`,
          evidence: [first, ...others],
        }
      }
    }
  },
}
