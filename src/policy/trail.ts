/** The steps of a decision as they are collected, and nothing where nobody wants them. */
import type { Context, Step } from './decision.ts'
import type { MergedServer } from './gateway-servers.ts'
import type { Chain } from './listener.ts'
import type { Route } from './route.ts'

/** What is collected while a request is looked at. */
export interface Trail {
  readonly steps: Step[]
  readonly hop: number
  readonly trace: boolean
}

/** Where nobody wants steps. */
const untold = Object.freeze([]) as unknown as Step[]

export function trailOf(context: Context, hop: number): Trail {
  const trace = context.trace !== false
  return { steps: trace ? [] : untold, hop, trace }
}

export function note(trail: Trail, step: Omit<Step, 'hop'>): void {
  if (trail.trace) trail.steps.push({ hop: trail.hop, ...step })
}

export function noteRoute(trail: Trail, route: Route, reason: string, phase: Step['phase'] = 'route'): void {
  if (!trail.trace) return
  note(trail, { phase, object: route.object, rule: route.rule, at: route.at, outcome: 'matched', reason })
}

export function noteChain(trail: Trail, chain: Chain): void {
  if (!trail.trace) return
  const reason = chain.tls ? 'tls-listener' : 'plain-listener'
  note(trail, { ...serverStep(chain.server), phase: 'listener', outcome: 'matched', reason })
}

export function serverStep({ gateway, server }: MergedServer): Pick<Step, 'object' | 'rule' | 'at'> {
  return {
    object: gateway.object,
    rule: `servers[${gateway.servers.indexOf(server)}]`,
    at: server.tls?.at ?? server.at,
  }
}
