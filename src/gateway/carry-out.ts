import type { ForwardDecision } from '../policy/index.ts'
import { type Outside, replyWith } from './answer.ts'
import type { Current } from './current.ts'
import type { Final } from './deliberate.ts'
import type { Exchange } from './exchange.ts'
import { Forward, type Mirror, ownAnswer } from './forward.ts'
import type { OpenListeners } from './open-listeners.ts'
import type { Limits } from './options.ts'
import type { RequestBody } from './request-body.ts'
import type { Transports } from './transports.ts'
import type { Turn } from './turn.ts'

/** What of a gateway carrying out a decision takes. */
export interface Means {
  readonly limits: Limits
  readonly listeners: Pick<OpenListeners, 'outsideOf'>
  readonly transports: Transports
}

/** Does what was decided; `undefined` = that was answered already. */
export function carryOut(
  turn: Turn,
  current: Current,
  body: RequestBody | undefined,
  decided: Final | undefined,
  { limits, listeners, transports }: Means,
): void {
  const { exchange } = turn
  if (!decided || exchange.gone) return
  const outside = listeners.outsideOf(exchange.connection.listener.gateway)
  if (decided.kind !== 'forward') {
    answer(exchange, decided, outside)
    return
  }
  const upstream = current.door.upstream(decided)
  turn.upstream = decided.upstream
  if (!upstream) {
    ownAnswer(exchange, 503, 'no healthy upstream')
    return
  }
  const forward = new Forward(exchange, decided, transports.to(upstream), {
    id: turn.id,
    outside,
    bodyIdleMs: limits.bodyIdleMs,
    body,
    mirrors: mirrorsOf(decided, current, transports),
  })
  if (decided.delayMs) setTimeout(() => !exchange.gone && forward.start(), decided.delayMs)
  else forward.start()
}

/** Whatever does not go on to an upstream. */
export function answer(
  exchange: Exchange,
  decision: Exclude<Final, { kind: 'forward' }>,
  outside: Outside | undefined,
): void {
  switch (decision.kind) {
    case 'reply':
      replyWith(exchange, outside, decision.status, decision.headers, decision.body)
      break
    case 'drop':
      exchange.abort()
      break
    case 'unknown':
      ownAnswer(
        exchange,
        503,
        'KFD1502: the door cannot tell whether this request is allowed, so it is not\n',
      )
  }
}

/** A mistake of ours must not open the door, and not stop it either. */
export function failed(turn: Turn): void {
  const { exchange } = turn
  turn.reason = 'internal-error'
  if (exchange.gone) return
  if (exchange.status === 0) ownAnswer(exchange, 500, 'KFD1503: the door failed to decide this request\n')
  else exchange.abort()
}

/** The workloads that get a copy this time. */
function mirrorsOf(
  { mirrors }: ForwardDecision,
  { door }: Current,
  transports: Transports,
): readonly Mirror[] {
  if (!mirrors || mirrors.length === 0) return []
  return mirrors.flatMap(({ upstream: cluster, host, percent }) => {
    if (percent < 100 && Math.random() * 100 >= percent) return []
    const upstream = door.upstream({
      upstream: cluster,
      destination: destinationOf(cluster),
      path: '',
      host,
      headers: [],
    })
    return upstream ? [{ transport: transports.to(upstream), host }] : []
  })
}

/** `outbound|80|v1|app.ns.svc.cluster.local` */
function destinationOf(cluster: string): ForwardDecision['destination'] {
  const [, port = '', subset = '', host = ''] = cluster.split('|')
  return { host, port: Number(port), ...(subset !== '' && { subset }) }
}
