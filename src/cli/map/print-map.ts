import { Fault } from '../../base/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import { type Principal, parsePrincipal } from '../../policy/index.ts'
import { accessMap, type MapOptions, type MapRow } from '../../regions/index.ts'
import type { Io } from '../io.ts'
import { progress } from '../progress.ts'
import { type DoorOptions, readDoor } from '../read-door.ts'
import { aroundRows } from './around.ts'
import { asPage } from './page.ts'
import { asCsv, asJson, asMarkdown, asTable } from './render.ts'
import { viewOptions } from './view-options.ts'

export interface MapCommandOptions extends DoorOptions {
  readonly as?: readonly string[]
  readonly output: string
}

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function printMap(io: Io, options: MapCommandOptions): Promise<void> {
  const principals = options.as?.map(readPrincipal)
  const { mesh, door } = await readDoor(io, 'map', options)
  const now = Date.now() / 1000
  progress(io, `looking at every route of ${mesh.virtualServices.length} VirtualServices`)
  const ask = await mapper(options)
  const rows = ask(mesh, {
    ...viewOptions(mesh, options),
    now,
    ...(principals && { principals }),
  })
  const around = aroundRows(door)
  switch (options.output) {
    case 'json':
      return io.out(asJson(rows, around))
    case 'csv':
      return io.out(asCsv(rows))
    case 'markdown':
      return io.out(asMarkdown(rows, around))
    case 'html':
      return io.out(asPage(rows, around))
    default:
      return io.out(asTable(rows, around))
  }
}

/** A kfdoor gateway is stricter than Istio; its code is only loaded where it is asked about. */
export async function mapper({
  hardening,
}: DoorOptions): Promise<(mesh: Mesh, options: MapOptions) => readonly MapRow[]> {
  return hardening === 'default' ? (await import('../../compose/hardened/map.ts')).hardenedMap : accessMap
}

export function readPrincipal(text: string): Principal {
  const principal = parsePrincipal(text)
  if (principal !== undefined) return principal
  throw new Fault('ERR_USAGE', {
    message: `\`${text}\` is no principal`,
    next: 'use anonymous, user:EMAIL, sa:NAMESPACE/NAME, mesh:NAMESPACE/ACCOUNT or outside',
  })
}
