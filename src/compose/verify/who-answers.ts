import type { Answering } from './prediction.ts'
import type { Send } from './send.ts'

/**
 * Whether Istio's Envoy or kfdoor's own gateway stands at an address. Both call themselves
 * `istio-envoy`; only ours refuses TRACE before anything is decided. Nothing secret is sent.
 */
export async function whoAnswers(send: Send): Promise<Answering> {
  const seen = await send({ method: 'TRACE', path: '/', headers: {} })
  if ('failed' in seen) return 'istio'
  const own = seen.status === 405 && seen.headers['x-envoy-upstream-service-time'] === undefined
  return own && /^istio-envoy$/.test(seen.headers.server ?? '') ? 'kfdoor' : 'istio'
}
