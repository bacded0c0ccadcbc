import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureEnvoy } from '../../e2e/parts/envoy.ts'
import type { Json } from '../../src/envoy-config/index.ts'

export interface RunningEnvoy {
  /** Listeners Envoy would not take, and what it said. */
  readonly refused: ReadonlyMap<string, string>
  close(): Promise<void>
}

/**
 * A real Envoy with these listeners, each taken or refused by itself: they come from a file as from a
 * control plane. Resolves when it serves.
 *
 * @throws where Envoy does not start
 */
export async function runEnvoy(listeners: readonly Json[], clusters: readonly Json[]): Promise<RunningEnvoy> {
  const binary = await ensureEnvoy()
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-envoy-'))
  const source = (name: string, type: string, resources: readonly Json[]) => {
    const path = join(folder, name)
    const typed = resources.map((resource) => ({
      '@type': `type.googleapis.com/envoy.config.${type}`,
      ...resource,
    }))
    writeFileSync(path, JSON.stringify({ resources: typed }))
    return { pathConfigSource: { path }, resourceApiVersion: 'V3' }
  }
  const config = join(folder, 'envoy.json')
  writeFileSync(
    config,
    JSON.stringify({
      node: { id: 'kfdoor', cluster: 'kfdoor' },
      dynamicResources: {
        ldsConfig: source('lds.json', 'listener.v3.Listener', listeners),
        cdsConfig: source('cds.json', 'cluster.v3.Cluster', clusters),
      },
    }),
  )
  const child = spawn(
    binary,
    ['-c', config, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'].concat([
      '--component-log-level',
      'main:info,config:info',
      '--log-format',
      '%l %v',
    ]),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const refused = new Map<string, string>()
  const said: string[] = []
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`envoy ended with ${code}\n${said.slice(-20).join('\n')}`)))
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      for (const [, name, why] of line.matchAll(/(c\d+\|\S+?): (.*?)(?=, c\d+\||$)/g)) {
        if (name !== undefined) refused.set(name, why ?? line)
      }
      if (/all dependencies initialized. starting workers/.test(line)) resolve()
    })
  })
  const close = async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await ready
    for (const listener of listeners) {
      await acceptingUnless(() => refused.has(String(listener.name)), listener)
    }
  } catch (error) {
    await close()
    throw new Error(`${(error as Error).message}\n${said.slice(-20).join('\n')}`, { cause: error })
  }
  return { refused, close }
}

/** Envoy's workers take up listeners after it has said that it starts them. */
async function acceptingUnless(refused: () => boolean, listener: Json): Promise<void> {
  const { socketAddress } = listener.address as { socketAddress: { address: string; portValue: number } }
  for (let attempt = 0; attempt < 500 && !refused(); attempt++) {
    const socket = connect(socketAddress.portValue, socketAddress.address)
    try {
      await once(socket, 'connect')
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10))
    } finally {
      socket.destroy()
    }
  }
  if (refused()) return
  throw new Error(
    `envoy does not listen at ${socketAddress.address}:${socketAddress.portValue}, ${String(listener.name)}`,
  )
}
