import assert from 'node:assert/strict'
import { viewOptions } from '../../src/cli/map/view-options.ts'
import { type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import type { ExposeAsk } from '../../src/planner/expose/ask.ts'
import { expose } from '../../src/planner/expose/expose.ts'
import type { Intended } from '../../src/planner/plan.ts'
import { readRawDoor } from '../../src/planner/raw-door.ts'
import { compileDoor, explain, parsePrincipal } from '../../src/policy/index.ts'

export const now = 1_790_000_000

export const intend = (inputs: readonly MeshInput[], what: ExposeAsk): Intended =>
  expose({ door: readRawDoor(inputs), mesh: parseMesh(inputs).mesh, now, view: viewOptions }, what)

/** The verdict of the door these inputs make; they have to read without errors. */
export function asked(
  inputs: readonly MeshInput[],
  as: string,
  method: string,
  path: string,
  host = 'kubeflow.example.com',
) {
  const { mesh, problems } = parseMesh(inputs)
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  )
  const options = viewOptions(mesh)
  const principal = parsePrincipal(as)
  assert.ok(principal, as)
  const result = explain(compileDoor(mesh, options), {
    method,
    scheme: 'http',
    host,
    path,
    headers: [],
    principal,
    now,
    ...(options.signIn && { provider: options.signIn.answer }),
  })
  assert.ok(!('problem' in result))
  return result.verdict
}
