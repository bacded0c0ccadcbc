import { stringify } from 'yaml'
import { callerName, findPrincipals } from '../../regions/index.ts'
import { addressesOf } from './addresses.ts'
import { ask } from './ask.ts'
import type { MeshName, Messages } from './messages.ts'
import { type OpenMesh, openMesh } from './open-mesh.ts'

type Answers = {
  readonly [K in keyof Messages]: (
    ...given: Parameters<Messages[K]>
  ) => ReturnType<Messages[K]> | Promise<ReturnType<Messages[K]>>
}

/** The engine behind one worker: it holds the meshes, so that texts travel once. */
export function createEngine(progress: (looked: number) => void = () => {}): Answers {
  const meshes = new Map<MeshName, OpenMesh>()
  const of = (name: MeshName): OpenMesh => {
    const open = meshes.get(name)
    if (open === undefined) throw new Error(`no mesh is open as \`${name}\``)
    return open
  }
  return {
    open(name, inputs, istioVersion) {
      const open = openMesh(inputs, istioVersion)
      meshes.set(name, open)
      return {
        problems: open.problems,
        principals: findPrincipals(open.mesh).map(callerName),
        addresses: addressesOf(open),
      }
    },
    ask: (name, asked, now) => ask(of(name), asked, now),
    // What one view needs is loaded with it: the request stands there first.
    map: async (name, now) => (await import('./look.ts')).mapOf(of(name), now),
    lint: async (name, now, certificates) => (await import('./look.ts')).lintOf(of(name), now, certificates),
    change: async (now, certificates) =>
      (await import('./look.ts')).changeOf(of('before'), of('now'), now, certificates, progress),
    yaml: (objects) =>
      objects.map((object) => (object === undefined ? '' : stringify(object, { compat: 'yaml-1.1' }))),
    token: async (text, url, now) => (await import('./tokens.ts')).checkToken(of('now'), text, url, now),
  }
}
