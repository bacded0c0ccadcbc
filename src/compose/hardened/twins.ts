/**
 * What a kfdoor gateway makes of callers before anything is decided: whoever comes with a forged
 * identity header is the same without it. Pods do not pass the gateway, and are left as they are.
 */
import { clientHeaderFilter, laxReading, refusedLine } from '../../gateway/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import {
  type Door,
  identityHeaders as forgeable,
  type HeaderList,
  type Principal,
} from '../../policy/index.ts'
import type { Witness } from '../../regions/index.ts'
import { identityHeaders } from '../identity-headers.ts'
import { lineOf, predict } from '../verify/prediction.ts'

export const isInside = ({ kind }: Principal) => kind === 'mesh' || kind === 'outside'

/** By the names of principals: `mesh:NS/SA`, `outside`, either forged. */
export const isInsideName = (name: string) => /^(mesh:|outside(\+|$))/.test(name)
export const isForgedName = (name: string) => name.endsWith('+forged')

/** The headers of a witness that never reach a decision. */
export function droppedOf(mesh: Mesh, headers: HeaderList): readonly string[] {
  const allowed = clientHeaderFilter(identityHeaders(mesh), mesh.meshConfig.numTrustedProxies)
  const kept = new Set(allowed(headers))
  return headers.filter((header) => !kept.has(header)).map(([name]) => name)
}

/** The same request with the forged identity beside it. */
export function forgedTwin(witness: Witness): Witness {
  return {
    ...witness,
    headers: [...witness.headers, ...forgeable.map((name) => [name, 'admin@example.com'] as const)],
  }
}

/**
 * How the gateway refuses this very request by itself; undefined = it decides about it as Istio does.
 * Only odd requests are asked about: nearly all have one reading.
 */
export function refusedByGateway(
  door: Door,
  principal: Principal,
  witness: Witness,
  now: number,
): { readonly reason: string; readonly status: number } | undefined {
  const { host, path } = lineOf(witness)
  const line = refusedLine({ method: witness.method, host, target: path })
  const plain = {
    method: witness.method,
    scheme: 'http',
    host,
    path,
    headers: [],
    port: 80,
    sourceIp: '',
  } as const
  if (line === undefined && laxReading(plain) === undefined) return undefined
  const said = predict(door, principal, witness, { answering: 'kfdoor', now })
  const { reason = '', decision } = said?.explanation ?? {}
  const own = /^(ambiguous-request|method-refused|host-malformed|no-host|target-malformed)$/.test(reason)
  return own && decision?.kind === 'reply' ? { reason, status: decision.status } : undefined
}
