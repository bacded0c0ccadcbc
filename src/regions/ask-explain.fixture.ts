import { type Door, explain, type Principal, parsePrincipal, type Question } from '../policy/index.ts'
import type { Witness } from './witness.ts'

/** What `explain` says of a witness, to which nobody's signature verifies. `now`: seconds since the epoch. */
export function askExplain(
  door: Door,
  principal: string,
  witness: Witness,
  now: number,
  provider?: Question['provider'],
) {
  const [, scheme, authority = '', path = '/'] = /^(https?):\/\/([^/]*)(.*)$/.exec(witness.url) ?? []
  return explain(door, {
    method: witness.method,
    scheme: scheme === 'https' ? 'https' : 'http',
    host: witness.headers.find(([name]) => name === 'host')?.[1] ?? authority,
    connectTo: authority,
    path,
    headers: witness.headers.filter(([name]) => name !== 'host'),
    principal: parsePrincipal(principal) as Principal,
    now,
    signature: () => false,
    ...(provider && { provider }),
  })
}
