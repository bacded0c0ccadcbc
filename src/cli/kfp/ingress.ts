import type { FoundIngress } from '../../compose/doors/find-ingress.ts'
import type { Io } from '../io.ts'

interface Options {
  readonly url?: string
  readonly door?: string
  readonly context?: string
  readonly kubeconfig?: string
}

/**
 * The ingress gateway of the cluster that is meant: one that is named, or the current context's where no
 * door is. Undefined = a door is named, or nothing is there.
 */
export async function ingressFor(io: Io, options: Options): Promise<FoundIngress | undefined> {
  const { url, door, context, kubeconfig } = options
  if (url !== undefined || door !== undefined) return undefined
  if (context === undefined && kubeconfig === undefined) {
    const { whichDoor } = await import('../../compose/doors/open-door.ts')
    if (whichDoor(io.env, {}).url !== undefined) return undefined
    const { hasKubeconfig } = await import('../read-door.ts')
    if (!hasKubeconfig(io.env)) return undefined
  }
  const { findIngress } = await import('../../compose/doors/find-ingress.ts')
  const found = await findIngress(io.env, {
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
  })
  io.err(`the ingress gateway of the cluster is at ${found.url.origin} (${found.by})`)
  return found
}
