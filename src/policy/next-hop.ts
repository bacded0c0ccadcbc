/** Who is behind the Service a request is sent to. */
import type { Workload } from '../mesh/index.ts'
import type { Step } from './decision.ts'
import type { Door } from './door.ts'
import type { Onward } from './hop.ts'
import type { ProxyIdentity } from './seam.ts'
import { type Backend, capturesPort, findBackend, injectionOf } from './workload-of.ts'

export type Next =
  | { readonly kind: 'end'; readonly workload?: Workload; readonly reason?: string; readonly step?: Step }
  | { readonly kind: 'unknown'; readonly reason: string; readonly step?: Step }
  | { readonly kind: 'gateway'; readonly proxy: ProxyIdentity; readonly port: number; readonly step?: Step }
  | { readonly kind: 'sidecar'; readonly backend: Backend; readonly step?: Step }

export function nextHop(
  door: Door,
  decision: Pick<Onward, 'destination'>,
  hop: number,
  trace: boolean,
): Next {
  const { mesh } = door
  const { host, port } = decision.destination
  const step = (
    outcome: Step['outcome'],
    reason: string,
    text: string,
    backend?: Backend,
  ): Step | undefined =>
    trace
      ? {
          hop,
          phase: 'next-hop',
          outcome,
          reason,
          text,
          ...(backend && {
            object: {
              kind: backend.service.kind,
              namespace: backend.service.namespace,
              name: backend.service.name,
            },
            at: backend.service.at,
          }),
        }
      : undefined
  const found = findBackend(mesh, host, port)
  if (found.kind === 'none') {
    return {
      kind: 'end',
      reason: found.reason,
      step: step('unknown', found.reason, `the YAML does not show what is behind ${host}:${port}`),
    }
  }
  const { backend } = found
  const { workload } = backend
  const gateway = door.gateways.find(
    (proxy) => proxy.namespace === workload.namespace && proxy.labels === workload.podLabels,
  )
  if (gateway !== undefined) {
    return {
      kind: 'gateway',
      proxy: gateway,
      port: backend.port,
      step: step('passed', 'to-gateway', `${host}:${port} is the gateway ${workload.name}`, backend),
    }
  }
  switch (injectionOf(mesh, workload)) {
    case 'sidecar':
      if (!capturesPort(workload, backend.port)) {
        const text = `the sidecar of ${workload.name} leaves out port ${backend.port}, so no policy holds there`
        return { kind: 'end', workload, step: step('skipped', 'port-not-captured', text, backend) }
      }
      return {
        kind: 'sidecar',
        backend,
        step: step(
          'passed',
          'to-sidecar',
          `${host}:${port} is ${workload.name}, which has a sidecar`,
          backend,
        ),
      }
    case 'ambient':
      return {
        kind: 'unknown',
        reason: 'ambient-workload',
        step: step('unknown', 'ambient-workload', `${workload.name} is in an ambient mesh`, backend),
      }
    case 'none':
      return {
        kind: 'end',
        workload,
        step: step(
          'skipped',
          'no-sidecar',
          `${workload.name} has no sidecar, so no policy holds there`,
          backend,
        ),
      }
  }
}
