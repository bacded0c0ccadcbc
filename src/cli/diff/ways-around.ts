/**
 * Ways past every gateway that only one of two YAMLs opens. Regions begin at the gateways and inside
 * the mesh, so of these one request is asked about; what it does not show is said as unknown.
 */
import type { Mesh } from '../../mesh/index.ts'
import { compileDoor, explain } from '../../policy/index.ts'
import type { AccessDiff, Difference, ViewOptions } from '../../regions/index.ts'
import { type AroundRow, aroundRows, aroundText } from '../map/around.ts'

type Fate = Difference['from']

interface Side {
  readonly mesh: Mesh
  readonly view: ViewOptions
}

const closed: Fate = { verdict: 'unavailable', upstream: null, identity: {}, reason: 'no-listener' }

export function withWaysAround(diff: AccessDiff, before: Side, after: Side, now: number): AccessDiff {
  const [was, is] = [waysOf(before), waysOf(after)]
  const opened = [...is].flatMap(([key, way]) => (was.has(key) ? [] : [found(way, after, now)]))
  const shut = [...was].flatMap(([key, way]) => (is.has(key) ? [] : [found(way, before, now)]))
  const gained = opened.flatMap(({ fate, witness }) =>
    fate?.verdict === 'allow' ? [{ principal: 'anonymous', from: closed, to: fate, witness }] : [],
  )
  const lost = shut.flatMap(({ fate, witness }) =>
    fate?.verdict === 'allow' ? [{ principal: 'anonymous', from: fate, to: closed, witness }] : [],
  )
  const unseen = [...opened, ...shut].flatMap(({ fate, witness, text }) =>
    fate?.verdict === 'allow' ? [] : [{ reason: `only one of the doors has this way in: ${text}`, witness }],
  )
  return {
    ...diff,
    gained: [...diff.gained, ...gained],
    lost: [...diff.lost, ...lost],
    public: [...diff.public, ...gained],
    unknown: [...diff.unknown, ...unseen],
  }
}

function waysOf({ mesh, view }: Side): ReadonlyMap<string, AroundRow> {
  const rows = aroundRows(compileDoor(mesh, view))
  return new Map(rows.map((row) => [`${row.kind} ${row.object} ${row.port} ${row.service}`, row]))
}

/** What a plain request of whoever reaches a node comes to; no fate = its port is not one of a node. */
function found(way: AroundRow, { mesh, view }: Side, now: number) {
  const { kind, port } = way
  const authority = port === undefined ? '127.0.0.1' : `127.0.0.1:${port}`
  const witness = { method: 'GET', url: `http://${authority}/`, headers: [] }
  const text = aroundText(way)
  if (port === undefined || (kind !== 'node-port' && kind !== 'host-port')) return { witness, text }
  const said = explain(compileDoor(mesh, view), {
    method: 'GET',
    scheme: 'http',
    host: authority,
    path: '/',
    headers: [],
    principal: { kind: 'anonymous', forged: false },
    now,
  })
  if ('problem' in said) return { witness, text }
  // As everywhere in a comparison: before the application's own check.
  const { decision } = said.arrived ?? said
  const upstream = decision.kind === 'forward' ? decision.upstream : null
  const fate: Fate = { verdict: decision.verdict, upstream, identity: {}, reason: decision.reason }
  return { witness, text, fate }
}
