import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { type Plan, parsePlan } from '../../src/planner/index.ts'
import { kfdoor } from '../door.ts'

const editor = 'sa:kubeflow-user-example-com/default-editor'
const keys = '--jwks-uri http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks'

/** Commands that change a door, as a person types them. */
export const commandRows: readonly string[] = [
  `expose sklearn-iris --to ${editor} ${keys}`,
  'expose sklearn-iris --to user:user@example.com',
  'tls enable --secret kubeflow-tls',
]

/** The plan a command prints, made from the cluster of this kubeconfig. */
export async function planByCommand(
  words: string,
  kubeconfig: string,
): Promise<{ readonly plan?: Plan; readonly err: string; readonly code: number }> {
  const argv = [...words.split(' '), '--kubeconfig', kubeconfig, '--context', 'admin', '-o', 'plan']
  const child = spawn(process.execPath, [kfdoor, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close') as Promise<[number]>
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { err, code, ...(code === 0 && out !== '' && { plan: parsePlan('<stdout>', out) }) }
}
