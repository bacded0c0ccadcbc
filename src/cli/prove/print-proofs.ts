import { type Proof, prove } from '../../regions/index.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'
import { witnessText } from '../map/render.ts'
import { viewOptions } from '../map/view-options.ts'
import { progress } from '../progress.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'
import { readClaims } from './read-claims.ts'

/** @throws Fault for whatever claims or YAML have wrong, with its place */
export async function printProofs(
  io: Io,
  files: readonly string[],
  options: DoorOptions & { readonly output: string },
): Promise<number> {
  const claims = (await Promise.all(files.map((file) => readClaims(io, file)))).flat()
  const { mesh } = await readDoor(io, 'prove', options)
  progress(io, `deciding ${claims.length} claims over all requests`)
  const ask =
    options.hardening === 'default' ? (await import('../../compose/hardened/prove.ts')).hardenedProve : prove
  const proofs = ask(mesh, claims, { ...viewOptions(mesh, options), now: Date.now() / 1000 })
  io.out(options.output === 'json' ? asJson(proofs) : asTable(proofs, wantsColour(io, 'out')))
  if (proofs.some(({ outcome }) => outcome === 'violated')) return exitCode.no
  return proofs.some(({ outcome }) => outcome === 'unknown') ? exitCode.undecided : exitCode.ok
}

function asJson(proofs: readonly Proof[]): string {
  return JSON.stringify({ apiVersion: 'kfdoor/v1alpha1', kind: 'Proofs', claims: proofs })
}

const colours = { holds: 32, violated: 31, unknown: 33 }

function asTable(proofs: readonly Proof[], colour: boolean): string {
  const lines = proofs.flatMap(({ name, outcome, reason, principal, witness, got }) => {
    const word = outcome.padEnd(8)
    const first = `${colour ? `\u001b[${colours[outcome]}m${word}\u001b[0m` : word}  ${name}`
    if (outcome === 'unknown') return [first, `          ${reason}`]
    if (witness === undefined || got === undefined) return [first]
    const to = got.service === undefined ? '' : `, reaches ${got.service}`
    return [
      first,
      `          ${principal}: ${witnessText(witness)}`,
      `          ${got.verdict} (${got.reason})${to}`,
    ]
  })
  return lines.join('\n')
}
