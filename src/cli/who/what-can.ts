import { exitCode, type Io } from '../io.ts'
import { mapper, readPrincipal } from '../map/print-map.ts'
import { asJson, asTable } from '../map/render.ts'
import { viewOptions } from '../map/view-options.ts'
import { progress } from '../progress.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function printWhatCan(
  io: Io,
  who: string,
  options: DoorOptions & { readonly all?: true; readonly output: string },
): Promise<number> {
  const principal = readPrincipal(who)
  const { mesh } = await readDoor(io, 'what-can', options)
  progress(io, `looking at every route for ${who}`)
  const ask = await mapper(options)
  const rows = ask(mesh, {
    ...viewOptions(mesh, options),
    now: Date.now() / 1000,
    principals: [principal],
  })
  const open = rows.filter(({ verdict }) => verdict === 'allow' || verdict === 'unknown')
  const shown = options.all ? rows : open
  if (options.output === 'json') io.out(asJson(shown, []))
  else io.out(shown.length === 0 ? `${who} reaches nothing` : asTable(shown, []))
  if (open.some(({ verdict }) => verdict === 'allow')) return exitCode.ok
  return open.length > 0 ? exitCode.undecided : exitCode.no
}
