import type { Check, CheckAnswer } from '../policy/index.ts'
import { type GrpcAuthorizer, grpcAuthorizer } from './ask-grpc.ts'
import { type HttpAuthorizer, httpAuthorizer } from './ask-http.ts'

/** External authorizers by their URLs; connections are kept. */
export interface Authorizers {
  /** Speaks the protocol the check is made for. `body` = the bytes of the request's body it carries. */
  ask(url: string, check: Check, signal: AbortSignal, body?: Buffer): Promise<CheckAnswer>
  close(): Promise<void>
}

export function openAuthorizers(clock: () => number): Authorizers {
  const http = new Map<string, HttpAuthorizer>()
  const grpc = new Map<string, GrpcAuthorizer>()
  return {
    ask(url, check, signal, body) {
      const open: Map<string, GrpcAuthorizer | HttpAuthorizer> = check.protocol === 'grpc' ? grpc : http
      let authorizer = open.get(url)
      if (!authorizer) {
        authorizer = check.protocol === 'grpc' ? grpcAuthorizer(url, clock) : httpAuthorizer(url)
        open.set(url, authorizer)
      }
      return authorizer.ask(check, signal, body)
    },
    async close() {
      await Promise.all([...http.values(), ...grpc.values()].map((each) => each.close()))
    },
  }
}
