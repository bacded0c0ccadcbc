import type { Mesh, Workload } from '../../mesh/index.ts'
import type { ObjectRef } from '../bound-route.ts'
import type { Context, HeaderList, Step, Verdict } from '../decision.ts'

/** What an application makes of a request that reached it. */
export interface Application {
  readonly verdict: Verdict
  readonly reason: string
  readonly steps: readonly Step[]
  /** What it answers where it refuses. */
  readonly status?: number
  readonly body?: string
}

/** A request as it arrives at a workload. */
export interface Arrival {
  readonly mesh: Mesh
  readonly workload: Workload
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: HeaderList
  readonly body?: string
  readonly hop: number
  readonly verified: Context['verified']
}

function objectOf({ kind, namespace, name }: ObjectRef): ObjectRef {
  return { kind, namespace, name }
}

/** Steps of one application, all at its workload unless they name another object. */
export class Visit {
  readonly arrival: Arrival
  readonly steps: Step[] = []

  constructor(arrival: Arrival) {
    this.arrival = arrival
  }

  step(
    outcome: Step['outcome'],
    reason: string,
    text: string,
    of: Pick<Step, 'object' | 'at'> = {
      object: objectOf(this.arrival.workload),
      at: this.arrival.workload.at,
    },
  ): void {
    this.steps.push({ hop: this.arrival.hop, phase: 'application', ...of, outcome, reason, text })
  }

  end(verdict: Verdict, reason: string, answer: Pick<Application, 'status' | 'body'> = {}): Application {
    return { verdict, reason, steps: this.steps, ...answer }
  }

  refuse(reason: string, status: number, text: string, of?: Pick<Step, 'object' | 'at'>): Application {
    this.step('rejected', reason, text, of)
    return this.end(status === 404 ? 'not-found' : 'deny', reason, { status })
  }

  undecided(reason: string, text: string, of?: Pick<Step, 'object' | 'at'>): Application {
    this.step('unknown', reason, text, of)
    return this.end('unknown', reason)
  }

  header(name: string): string | undefined {
    const values = this.arrival.headers.filter(([one]) => one === name.toLowerCase())
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ')
  }
}

export function containerOf(workload: Workload, image: RegExp): Workload['containers'][number] | undefined {
  return workload.containers.find((container) => image.test(container.image))
}
