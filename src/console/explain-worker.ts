/**
 * The engine in a thread of its own, for whoever asks the console over HTTP with YAML of his own: what
 * takes too long, or too much memory, ends the thread and not the console.
 */
import { parentPort } from 'node:worker_threads'
import { pathSvg } from './draw/path-svg.ts'
import { type Ask, ask } from './engine/ask.ts'
import { type OpenMesh, openMesh } from './engine/open-mesh.ts'
import type { ThreadTask } from './explain-thread.ts'

let own: OpenMesh | undefined

parentPort?.on('message', async (task: ThreadTask) => {
  try {
    if (task.do === 'open') {
      own = openMesh(task.inputs, task.istioVersion)
      return parentPort?.postMessage({ id: task.id, ok: true })
    }
    const open =
      task.yaml === undefined ? own : openMesh([{ file: 'request.yaml', text: task.yaml }], task.istioVersion)
    if (open === undefined) throw new Error('no mesh is open')
    const told = await ask(open, task.asked as Ask, task.now)
    const value =
      'fault' in told
        ? { fault: told }
        : task.do === 'svg'
          ? { text: pathSvg(told, task.dark) }
          : { text: told.json }
    parentPort?.postMessage({ id: task.id, ...value })
  } catch (error) {
    parentPort?.postMessage({ id: task.id, failed: error instanceof Error ? error.message : String(error) })
  }
})
