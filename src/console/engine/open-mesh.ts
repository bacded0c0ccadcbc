import type { Problem } from '../../base/index.ts'
import { type Mesh, type MeshInput, parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor, type Door } from '../../policy/index.ts'

/** A mesh that can be asked about, as the command line reads it. */
export interface OpenMesh {
  readonly inputs: readonly MeshInput[]
  readonly mesh: Mesh
  readonly door: Door
  readonly problems: readonly Problem[]
}

export function openMesh(inputs: readonly MeshInput[], istioVersion?: string): OpenMesh {
  const { mesh, problems } = parseMesh(inputs)
  const door = compileDoor(mesh, {
    fetched: assumedKeys,
    ...(istioVersion !== undefined && { istioVersion: istioVersion.replace(/^v/, '') }),
  })
  return { inputs, mesh, door, problems }
}
