import { isSubset } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

const day = 86_400

/** The certificate itself: its time, its names, its chain. */
export const certificateUnfit: Rule = {
  code: 'KFD0221',
  severity: 'error',
  title: 'clients will not accept a certificate',
  why: 'It has expired, is not for the name people use, has no subjectAltName (which browsers, Go, and kfp and requests in Python ask for), or comes without the certificates between it and its root.',
  remedy:
    'Make a new one, with its chain: `kfdoor ca sign`; `kfdoor ca inspect` says which client accepts what.',

  *check({ mesh, queries, certificate, now }) {
    const served = new Set<string>()
    for (const gateway of mesh.gateways) {
      const pods = queries.gateways().find(({ proxy }) => isSubset(gateway.selector ?? {}, proxy.labels))
      if (pods === undefined) continue
      for (const { tls, hosts } of gateway.servers) {
        for (const name of [tls?.credentialName, ...(tls?.credentialNames ?? [])]) {
          if (name === undefined || tls?.mode?.value === 'PASSTHROUGH') continue
          const facts = certificate(pods.proxy.namespace, name.value)
          if (facts === undefined || facts === null) continue
          const evidence = [{ at: name.at, text: name.value }] as const
          if (typeof facts === 'string') {
            yield {
              message: `Secret \`${name.value}\` of ${nameOf(gateway)} cannot be used: ${facts}`,
              evidence,
            }
            continue
          }
          const key = `${name.value} ${hosts.map(({ value }) => value).join()}`
          if (served.has(key)) continue
          served.add(key)
          const said = `the certificate in Secret \`${name.value}\``
          if (now > facts.notAfter) {
            yield { message: `${said} expired ${Math.ceil((now - facts.notAfter) / day)} days ago`, evidence }
          } else if (now > facts.notAfter - 30 * day) {
            const left = Math.floor((facts.notAfter - now) / day)
            yield { severity: 'warning', message: `${said} expires in ${left} days`, evidence }
          }
          if (now < facts.notBefore) yield { message: `${said} is not valid yet`, evidence }
          if (facts.names.length === 0) {
            yield {
              message: `${said} has no subjectAltName: browsers, Go, and kfp and requests in Python refuse it`,
              evidence,
            }
          } else {
            for (const { value } of hosts) {
              const host = value.slice(value.indexOf('/') + 1)
              if (host === '*' || covered(facts.names, host)) continue
              yield { message: `${said} is for ${facts.names.join(', ')}, not for \`${host}\``, evidence }
            }
          }
          if (facts.chain === 1 && !facts.selfIssued) {
            yield {
              severity: 'info',
              message: `${said} comes alone: clients need to trust its issuer directly, no intermediate is sent`,
              evidence,
            }
          }
        }
      }
    }
  },
}

/** RFC 6125: a star stands for one label. */
function covered(names: readonly string[], written: string): boolean {
  const host = written.toLowerCase()
  return names
    .map((name) => name.toLowerCase())
    .some(
      (name) =>
        name === host ||
        (name.startsWith('*.') && !host.startsWith('*') && host.slice(host.indexOf('.')) === name.slice(1)),
    )
}
