import { readFileSync } from 'node:fs'
import { Fault } from '../../base/index.ts'
import { type Plan, parsePlan } from '../../planner/index.ts'

/** More than any plan of a door; a file that long is something else. */
const MOST = 32 * 1024 * 1024

/** Names of the API may hold a colon (RBAC); none is a step in a path. */
const nameOfApi = /^(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,253}$/
const versionOfApi = /^([a-z0-9][a-z0-9.-]*\/)?[a-z0-9]+$/

/** @throws Fault ERR_INPUT_UNREADABLE, ERR_MESH_INVALID with the line */
export function readPlanFile(path: string): Plan {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: reasonOf(error) }, { cause: error })
  }
  return readPlan(text, path)
}

/** A plan from YAML or JSON whose names can stand in paths; `path` is for messages. */
export function readPlan(text: string, path: string): Plan {
  if (text.length > MOST) {
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: 'it is longer than 32 MiB, and no plan' })
  }
  let plan: Plan
  try {
    plan = parsePlan(path, text)
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('ERR_MESH_INVALID', { problems: [`${path}: ${(error as Error).message}`] })
  }
  const problems = plan.spec.changes.flatMap(({ object }, index) => {
    const { apiVersion, namespace, name } = object
    const good = nameOfApi.test(name) && versionOfApi.test(apiVersion)
    const placed = namespace === undefined || nameOfApi.test(namespace)
    return good && placed ? [] : [`${path}: \`spec.changes[${index}].object\` is no name of an object`]
  })
  if (problems.length > 0) throw new Fault('ERR_MESH_INVALID', { problems })
  return plan
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a folder'
  return code === 'EACCES' ? 'permission denied' : message
}
