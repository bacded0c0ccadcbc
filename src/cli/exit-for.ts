import type { FaultCode } from '../base/index.ts'
import { exitCode } from './io.ts'

/** Failures that are not the user's input. Everything else is exit 2. */
const others: { readonly [C in FaultCode]?: number } = {
  ERR_DIRECTORY_FAILED: exitCode.unreachable,
  ERR_ISSUER_UNREACHABLE: exitCode.unreachable,
  ERR_NO_DOOR: exitCode.unreachable,
  ERR_NOT_SIGNED_IN: exitCode.credentials,
  ERR_CERTIFICATE_UNTRUSTED: exitCode.unreachable,
  ERR_CLUSTER_REFUSED: exitCode.credentials,
  ERR_DOOR_UNREACHABLE: exitCode.unreachable,
  ERR_HOST_UNKNOWN: exitCode.unreachable,
  ERR_PORT_CLOSED: exitCode.unreachable,
  ERR_KEYRING: exitCode.credentials,
  ERR_CREDENTIALS_EXPIRED: exitCode.credentials,
  ERR_CREDENTIALS_EXPOSED: exitCode.credentials,
  ERR_CREDENTIALS_MISSING: exitCode.credentials,
  ERR_CREDENTIALS_WRONG: exitCode.credentials,
  ERR_MODEL_NOT_FOUND: exitCode.refused,
  ERR_NEEDS_BROWSER: exitCode.credentials,
  ERR_TOKEN_REQUEST: exitCode.credentials,
  ERR_PLAN_BUSY: exitCode.refused,
  ERR_PLAN_CONFLICT: exitCode.no,
  ERR_PLAN_CUT: exitCode.unreachable,
  ERR_PLAN_EDITED: exitCode.no,
  ERR_PLAN_GAIN: exitCode.no,
  ERR_PLAN_NOT_PERMITTED: exitCode.refused,
  ERR_PLAN_REJECTED: exitCode.refused,
  ERR_PLAN_RIGHTS: exitCode.credentials,
  ERR_PLAN_STALE: exitCode.no,
  ERR_PLAN_UNMET: exitCode.no,
  ERR_PLAN_STOPPED: exitCode.refused,
  ERR_DOOR_REFUSED: exitCode.refused,
  ERR_FOREIGN_ORIGIN: exitCode.refused,
  ERR_HTML_ANSWER: exitCode.refused,
  ERR_REDIRECT_LOOP: exitCode.refused,
  ERR_SIGN_IN_CSRF: exitCode.refused,
  ERR_SIGN_IN_EXPIRED: exitCode.refused,
  ERR_SIGN_IN_LIMITED: exitCode.refused,
  ERR_SIGN_IN_REFUSED: exitCode.refused,
}

export function exitFor(code: FaultCode): number {
  return others[code] ?? exitCode.usage
}
