import type { FaultCode } from '../base/index.ts'
import { exitCode } from './io.ts'

/** Failures that are not the user's input. Everything else is exit 2. */
const others: { readonly [C in FaultCode]?: number } = {
  ERR_DIRECTORY_FAILED: exitCode.unreachable,
  ERR_ISSUER_UNREACHABLE: exitCode.unreachable,
  ERR_NO_DOOR: exitCode.unreachable,
  ERR_NOT_SIGNED_IN: exitCode.credentials,
}

export function exitFor(code: FaultCode): number {
  return others[code] ?? exitCode.usage
}
