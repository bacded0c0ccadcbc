import type { LogEntry } from '../gateway/index.ts'
import type { Mesh } from '../mesh/index.ts'
import type { ServerCertificate } from '../pki/index.ts'
import type { LocalAuthService } from './auth-service.ts'
import type { MeshListener } from './listeners.ts'
import type { LocalIssuer } from './local-issuer.ts'
import { tlsServersOf } from './tls-servers.ts'
import type { UpOptions } from './up-options.ts'

export function partsOf(
  mesh: Mesh,
  issuer: LocalIssuer | undefined,
  auth: LocalAuthService | undefined,
): string[] {
  return [
    `Istio ${mesh.istioVersion?.value ?? '(current)'}`,
    ...(issuer ? [`Dex ${issuer.version?.replace(/^v/, '') ?? ''}`.trim()] : []),
    ...(auth ? [auth.provider.kind === 'authservice' ? 'oidc-authservice' : 'oauth2-proxy'] : []),
  ]
}

export function notesOf(
  options: UpOptions,
  mesh: Mesh,
  listeners: readonly MeshListener[],
  certificate: ServerCertificate | undefined,
  note: string | undefined,
): string[] {
  const stands = certificate
    ? listeners.flatMap((listener) => tlsServersOf(mesh, listener, certificate).standsInFor)
    : []
  return [
    ...(note === undefined ? [] : [note]),
    ...[...new Set(stands)].map(
      (secret) => `Secret ${secret} is not in the YAML: this door's own certificate stands in`,
    ),
    ...(options.files === undefined && !options.demo
      ? ['as released: the models of a namespace answer 403 to everybody who comes through a gateway']
      : []),
    ...(options.hardening === 'istio-parity'
      ? ['hardening is off: ambiguous requests pass as Istio lets them']
      : []),
    ...(certificate?.made ?? []).map((made) => `made ${made}`),
  ]
}

export function decisionLine(entry: LogEntry): string {
  const target = entry.upstream === undefined ? '' : ` → ${entry.upstream}`
  return `${new Date(entry.at).toISOString()} ${entry.id} ${entry.method} ${entry.host}${entry.path} ${entry.status} ${entry.verdict} ${entry.reason}${target} ${entry.durationMs.toFixed(1)}ms`
}
