import {
  type Check,
  type CheckAnswer,
  type Context,
  type DoorRequest,
  decideFromInside,
  decidePath,
  type PathDecision,
  type ProxyIdentity,
  resolvePorts,
  serviceTargets,
  throughApplications,
} from '../policy/index.ts'
import type { Caller } from './caller.ts'
import type { Cell } from './cell.ts'
import { doorsOf, type Spot } from './entrance.ts'
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

  /** undefined = no proxy and no Service is where the request goes. */
  ask(cell: Cell, spot: Spot | undefined, caller: Caller, asked: DoorRequest): PathDecision | undefined {
    const answers: CheckAnswer[] = []
    const { service } = cell.entrance
    const { principal } = caller
    if (service !== undefined && spot === undefined && !this.#mayAnswer(cell.entrance)) return undefined
    const proxy = spot?.proxy ?? doorsOf(this.view).get(cell.entrance.door)
    if (service === undefined && proxy === undefined) return undefined
    const request = spot !== undefined || service !== undefined ? asked : this.#atPort(asked, proxy)
    for (;;) {
      const context: Context = { ...this.context(caller), answers }
      const mesh = principal.kind === 'mesh' ? { caller: principal } : {}
      const decided =
        service === undefined
          ? decidePath(this.view.door, request, context, proxy)
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

  /** A Service that is there, and chooses its pods in a way the YAML does not show; one that selects none has none. */
  #mayAnswer({ service, port }: Cell['entrance']): boolean {
    if (service === undefined) return false
    const { namespace, name, host } = service
    if (!this.view.mesh.services.some((one) => one.namespace === namespace && one.name === name)) return false
    const next = this.view.behind(host, port)
    return next.kind !== 'end' || !['pods-not-given', 'no-such-port'].includes(next.reason ?? '')
  }

  /** Nothing of HTTP is there: the port a listener of the door would have. */
  #atPort(request: DoorRequest, proxy: ProxyIdentity | undefined): DoorRequest {
    if (proxy === undefined) return request
    const targets = serviceTargets(this.view.mesh, proxy.namespace, proxy.labels)
    const [port = request.port] = resolvePorts(request.port, targets, true)
    return { ...request, port }
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
