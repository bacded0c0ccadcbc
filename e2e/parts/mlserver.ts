import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type Neighbour, startNeighbour } from './process.ts'
import { ensureVenv } from './python.ts'

export interface MlServer extends Neighbour {
  readonly rest: number
  readonly grpc: number
}

const packages = ['mlserver==1.7.1', 'mlserver-sklearn==1.7.1', 'scikit-learn==1.9.1']
const train = fileURLToPath(new URL('../python/train_iris.py', import.meta.url))

/**
 * Seldon's MLServer, which KServe runs for the V2 protocol, with a model of scikit-learn it has loaded
 * from a file in `folder`.
 */
export async function startMlServer(folder: string, model: string): Promise<MlServer> {
  const python = await ensureVenv('mlserver', packages)
  execFileSync(python, [train, join(folder, 'model.joblib')])
  const write = (name: string, settings: object) =>
    writeFileSync(join(folder, name), JSON.stringify(settings))
  const [rest, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  const implementation = 'mlserver_sklearn.SKLearnModel'
  write('model-settings.json', { name: model, implementation, parameters: { uri: './model.joblib' } })
  write('settings.json', {
    host: '127.0.0.1',
    http_port: rest,
    grpc_port: grpc,
    metrics_port: metrics,
    // In the process itself: what is tried is the way to it.
    parallel_workers: 0,
  })
  const server = await startNeighbour(join(dirname(python), 'mlserver'), ['start', folder], {
    ready: async () => (await fetch(`http://127.0.0.1:${rest}/v2/models/${model}/ready`)).ok,
    within: 120_000,
  })
  return { ...server, rest, grpc }
}
