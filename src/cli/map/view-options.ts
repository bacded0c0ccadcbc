import { releaseSignIn } from '../../compose/release-answers.ts'
import type { Mesh } from '../../mesh/index.ts'
import { assumedKeys } from '../../policy/index.ts'
import type { ViewOptions } from '../../regions/index.ts'

/** How whoever asks over all requests reads a door: as `explain` does. */
export function viewOptions(mesh: Mesh, options: { readonly istioVersion?: string } = {}): ViewOptions {
  const signIn = releaseSignIn(mesh)
  return {
    fetched: assumedKeys,
    ...(options.istioVersion !== undefined && { istioVersion: options.istioVersion.replace(/^v/, '') }),
    ...(signIn && { signIn }),
  }
}
