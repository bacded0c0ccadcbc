import type { FaultCode } from '../base/index.ts'
import { exitCode } from './io.ts'

/** Failures that are not the user's input. Everything else is exit 2. */
const others: { readonly [C in FaultCode]?: number } = {}

export function exitFor(code: FaultCode): number {
  return others[code] ?? exitCode.usage
}
