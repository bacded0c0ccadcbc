import { Fault, renderProblem } from '../../base/index.ts'
import { readTexts } from '../../compose/change/read-texts.ts'
import { parseMesh } from '../../mesh/index.ts'
import { type IntentWorld, readRawDoor } from '../../planner/index.ts'
import type { Io } from '../io.ts'
import { viewOptions } from '../map/view-options.ts'
import { doorPaths } from '../read-door.ts'
import type { ChangeOptions } from './options.ts'

/** The door of a command that compares changes before one of them is planned. */
export async function readWorld(io: Io, options: ChangeOptions, what: string): Promise<IntentWorld> {
  const paths = doorPaths(options, io.env)
  if (paths.length === 0) {
    throw new Fault('ERR_USAGE', {
      message: `${what} needs a door: \`-f PATH\`, or a cluster: \`--context NAME\``,
      next: `for example \`kfdoor ${what} -f profile:v1.8\``,
    })
  }
  const { inputs, incomplete } = await readTexts(paths, () => io.readStdin(), {
    env: io.env,
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
  })
  for (const words of incomplete) io.err(`not read: ${words}`)
  const { mesh, problems } = parseMesh(inputs)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  return {
    door: readRawDoor(inputs),
    mesh,
    now: Date.now() / 1000,
    view: (each) => viewOptions(each, options),
  }
}
