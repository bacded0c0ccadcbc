import {
  type Check,
  type CheckAnswer,
  type Context,
  type DoorRequest,
  decideFromInside,
  decidePath,
  type PathDecision,
  throughApplications,
} from '../policy/index.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import type { Spot } from './entrance.ts'
import type { View } from './view.ts'

/** More checks than any mesh has proxies. */
export const mostChecks = 32

/** The engine of a view, asked about one request at a time; whoever it asks back is answered. */
export class Engine {
  readonly view: View
  /** Seconds since the epoch. */
  readonly now: number

  constructor(view: View, now: number) {
    this.view = view
    this.now = now
  }

  ask(cell: Cell, spot: Spot, caller: Caller, request: DoorRequest): PathDecision {
    const answers: CheckAnswer[] = []
    const { service } = cell.entrance
    const { principal } = caller
    for (;;) {
      const context: Context = { ...this.context(caller), answers }
      const mesh = principal.kind === 'mesh' ? { caller: principal } : {}
      const decided =
        service === undefined
          ? decidePath(this.view.door, request, context, spot.proxy)
          : decideFromInside(this.view.door, request, context, {
              host: service.host,
              port: cell.entrance.port,
              ...mesh,
            })
      const { decision } = decided
      if (decision.kind !== 'ask' || answers.length >= mostChecks) return decided
      answers.push(this.answer(caller, decision.check))
    }
  }

  /** With what the application behind the workload makes of it; the same path where it has no say. */
  behind(path: PathDecision, caller: Caller): PathDecision {
    return throughApplications(this.view.door, path, { ...this.context(caller), answers: [] })
  }

  answer(caller: Caller, check: Check): CheckAnswer {
    const usual = caller.acting.answer(check)
    return this.view.signIn?.answer(check, usual, true) ?? usual
  }

  context(caller: Caller): Omit<Context, 'answers'> {
    return { now: this.now, verified: caller.acting.verified, trace: false }
  }
}
