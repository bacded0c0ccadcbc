import type { MeshInput } from '../mesh/index.ts'
import type { Plan } from '../planner/index.ts'
import type { CertificateTable } from './engine/look.ts'

/** A mesh as the page is given it. */
export interface Source {
  /** As the command line names it: `profile:26.03`, `mesh/`. */
  readonly name: string
  readonly inputs: readonly MeshInput[]
  /** How it is named to a command, one word each: `-f`, `profile:26.03`. */
  readonly words: readonly string[]
}

/** A door that runs here, as far as a page may know and ask it. */
export interface LiveDoor {
  readonly url: string
  /** Each line of the door's log, until `signal` says stop. */
  decisions(
    take: (decision: unknown) => void,
    signal: AbortSignal,
    /** Called once the door listens. */
    following: () => void,
  ): Promise<void>
  sessions(): Promise<readonly LiveSession[]>
  signOut(user: string): Promise<number>
}

export interface LiveSession {
  readonly user: string
  readonly sessions: number
}

export interface ConsoleOptions {
  /** 0 takes a free one. */
  readonly port: number
  readonly source: Source
  /** What `source` is compared with. */
  readonly before?: Source
  readonly istioVersion?: string
  readonly certificates: CertificateTable
  readonly plans: readonly Plan[]
  /** Executes a plan; undefined = applying stays in the terminal. */
  readonly apply?: (plan: Plan) => Promise<unknown>
  /** Walks to a door and tells each hop. */
  readonly walk?: (url: string, take: (hop: unknown) => void) => Promise<unknown>
  /** The doors that run here now. */
  readonly doors?: () => Promise<readonly LiveDoor[]>
  readonly version: string
  readonly clock?: () => number
  /** One line of talk. */
  readonly say: (line: string) => void
}

/** What a page is given at its start. */
export interface Start {
  readonly csrf: string
  readonly version: string
  readonly source: Source
  readonly before?: Source
  readonly istioVersion?: string
  readonly certificates: CertificateTable
  readonly plans: readonly Plan[]
  readonly allowApply: boolean
  readonly canWalk: boolean
}
