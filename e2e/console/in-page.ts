/** The engine as the page has it, put to recorded cases and to questions: bundled for a browser. */
import { type Ask, ask } from '../../src/console/engine/ask.ts'
import { openMesh } from '../../src/console/engine/open-mesh.ts'
import { Signatures } from '../../src/console/engine/signatures.ts'
import { type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import { type Case, compileDoor, decideCase, proxyOf } from '../../src/policy/index.ts'

export interface PageCases {
  readonly file: string
  readonly text: string
  readonly cases: readonly Case[]
  readonly now: number
  readonly istioVersion: string
  readonly jwks: Readonly<Record<string, string>>
  /** SPIFFE names in certificates, which a page cannot read. */
  readonly workload: string | undefined
  readonly secrets: Readonly<Record<string, string>>
}

async function cases({ file, text, cases, now, istioVersion, jwks, workload, secrets }: PageCases) {
  const { mesh } = parseMesh([{ file, text }])
  const door = compileDoor(mesh, {
    istioVersion,
    fetched: (uri) => jwks[uri],
    ...(workload !== undefined && { workloadPrincipal: workload }),
    certificatePrincipal: (namespace, name) => secrets[`${namespace}/${name}`],
  })
  const known = new Map<string, Signatures>()
  const outcomes: string[] = []
  for (const recorded of cases) {
    const proxy = proxyOf(recorded.request) ?? door.gateway()
    const name = JSON.stringify(proxy)
    if (!known.has(name)) known.set(name, new Signatures(door.keys(proxy)))
    const all = [...known.values()]
    // Keys are named per proxy, so all of those met so far are asked.
    const verified = (keyId: string, token: string) =>
      all.map((each) => each.look(keyId, token) === true).some(Boolean)
    const world = { door, now, verified, certificate: () => undefined }
    let outcome = decideCase(world, recorded)
    while ((await Promise.all(all.map((each) => each.settle()))).some(Boolean))
      outcome = decideCase(world, recorded)
    outcomes.push(JSON.stringify(outcome))
  }
  return outcomes
}

async function asks(inputs: readonly MeshInput[], questions: readonly Ask[], now: number) {
  const open = openMesh(inputs)
  const answers: string[] = []
  for (const question of questions) {
    const told = await ask(open, question, now)
    answers.push('fault' in told ? told.fault : told.json)
  }
  return answers
}

export type InPage = { readonly cases: typeof cases; readonly asks: typeof asks }

Object.assign(globalThis, { inPage: { cases, asks } satisfies InPage })
