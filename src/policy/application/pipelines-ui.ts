/**
 * The Pipelines UI (frontend/server/app.ts): its pages are for everybody that reaches it, and what is
 * asked of the API it hands on to the API server, with the caller's headers.
 */
import { containerEnvironment, type Mesh, type Workload } from '../../mesh/index.ts'
import { containerOf } from './application.ts'

const image = /(^|\/)(kfp-)?frontend(:|@|$)/

export interface HandedOn {
  /** The Service that is called. */
  readonly host: string
  readonly port: number
  readonly path: string
}

/** Where the UI sends a request on to; undefined = it answers by itself, or it is no Pipelines UI. */
export function handsOn(mesh: Mesh, workload: Workload, target: string): HandedOn | undefined {
  const container = containerOf(workload, image)
  if (container === undefined) return undefined
  const path = target.replace(/^\/pipeline(?=\/)/, '')
  if (!/^\/apis\/v\d/.test(path)) return undefined
  const environment = containerEnvironment(mesh, workload, container)
  // The variables Kubernetes makes of a Service are addresses; written ones may be names.
  const host = environment.ML_PIPELINE_SERVICE_HOST ?? 'ml-pipeline'
  const port = Number(environment.ML_PIPELINE_SERVICE_PORT ?? 8888)
  const full = host.includes('.') ? host : `${host}.${workload.namespace}.svc.cluster.local`
  const written = /\.svc$/.test(full) ? `${full}.cluster.local` : full
  return { host: written, port: Number.isInteger(port) ? port : 8888, path }
}
