/** The witnesses of a door's own map that belong to one address of it, each with what it should come to. */
import type { Mesh } from '../../mesh/index.ts'
import { type Door, identityHeaders, type Principal } from '../../policy/index.ts'
import {
  accessMap,
  callerName,
  findPrincipals,
  type MapRow,
  type ViewOptions,
  type Witness,
} from '../../regions/index.ts'
import { lineOf, type PredictedWitness, type PredictOptions, predict } from './prediction.ts'
import { scaledToZero } from './scaled-to-zero.ts'

export interface MapWitnessOptions extends ViewOptions {
  readonly url: URL
  /** `NAMESPACE/NAME` of the gateway behind the address. */
  readonly gateway: string
  /** Who one is; asked about beside everybody found in the YAML. */
  readonly own?: Principal
  readonly ownNamespaces: readonly string[]
  /** Only these. */
  readonly principals?: readonly Principal[]
  readonly predict: PredictOptions
}

export interface MapWitnesses {
  readonly witnesses: readonly PredictedWitness[]
  /** The address speaks a scheme no server of the gateway has: something in front of it ends TLS. */
  readonly scheme: 'http' | 'https'
}

export function mapWitnesses(mesh: Mesh, door: Door, options: MapWitnessOptions): MapWitnesses {
  const { url, gateway, own, ownNamespaces, predict: how } = options
  const principals = new Map(
    (options.principals ?? findPrincipals(mesh)).map((one) => [callerName(one), one] as const),
  )
  if (own !== undefined && options.principals === undefined) {
    for (const forged of [false, true]) principals.set(callerName({ ...own, forged }), { ...own, forged })
  }
  const rows = accessMap(mesh, { ...options, now: how.now, principals: [...principals.values()] })
  const { scheme, here } = rowsAt(rows, url, gateway)
  const models = scaledToZero(mesh)
  const waking = new Map<string, string>()
  for (const row of rows) {
    const model = row.outcome.model
    if (model !== undefined && models.has(model)) waking.set(routeOf(row), model)
  }
  const namespaces = new Set(mesh.profiles.map(({ name }) => name))
  const [home] = ownNamespaces
  const witnesses = withTwins(here, principals).flatMap(({ row, principal }): PredictedWitness[] => {
    const about = namespacesAt(row, namespaces)
    // A shared application is asked about one's own namespace, so that a forged identity gets at nobody's data.
    const turned = principal.forged && about.length === 0 && home !== undefined
    const witness = turned ? withNamespace(row.witness, home) : row.witness
    const said = predict(door, principal, witness, how)
    if (said === undefined) return []
    const { prediction, explanation } = said
    const paths = explanation.hops.flatMap(({ decision }) =>
      decision.kind === 'forward' ? [decision.path] : [],
    )
    const wakes = waking.get(routeOf(row))
    return [
      {
        principal,
        witness,
        prediction,
        route: row.route.id,
        paths: row.outcome.path === undefined ? paths : [...paths, row.outcome.path],
        namespaces: turned ? [home] : about,
        ...(wakes !== undefined && { wakes: `model ${wakes}` }),
      },
    ]
  })
  return { witnesses, scheme }
}

/**
 * Each row, and the same request with and without the forged identity: a map names the smallest request
 * of each outcome, and whether a header changes it is what one wants to see.
 */
function withTwins(
  rows: readonly MapRow[],
  principals: ReadonlyMap<string, Principal>,
): readonly { readonly row: MapRow; readonly principal: Principal }[] {
  return rows.flatMap((row) => {
    const principal = principals.get(row.principal)
    if (principal === undefined) return []
    const twin = principals.get(callerName({ ...principal, forged: !principal.forged }))
    if (twin === undefined) return [{ row, principal }]
    const { headers } = row.witness
    const plain = headers.filter(([name, value]) => !(isIdentity(name) && value === forgedAs))
    const sent = twin.forged
      ? [...headers, ...identityHeaders.map((name) => [name, forgedAs] as const)]
      : plain
    const turned: MapRow = { ...row, principal: callerName(twin), witness: { ...row.witness, headers: sent } }
    return [
      { row, principal },
      { row: turned, principal: twin },
    ]
  })
}

/** As `+forged` is defined. */
const forgedAs = 'admin@example.com'
const isIdentity = (name: string) => identityHeaders.includes(name.toLowerCase())

const routeOf = ({ door, route }: MapRow) => `${door} ${route.id} ${route.match}`

/** Rows of the servers behind the address: its scheme and port, where the gateway has them. */
function rowsAt(
  rows: readonly MapRow[],
  url: URL,
  gateway: string,
): { readonly scheme: 'http' | 'https'; readonly here: readonly MapRow[] } {
  const ours = rows.filter(({ door }) => door === gateway)
  const asked = url.protocol === 'https:' ? 'https' : 'http'
  const place = ({ witness }: MapRow) => {
    const [, scheme = '', port] = /^(https?):\/\/[^/]*?(?::(\d+))?(?:\/|$)/.exec(witness.url) ?? []
    return { scheme, port: Number(port ?? (scheme === 'https' ? 443 : 80)) }
  }
  const other = asked === 'https' ? 'http' : 'https'
  const scheme = ours.some((row) => place(row).scheme === asked) ? asked : other
  const usual = scheme === 'https' ? 443 : 80
  const port = Number(url.port || usual)
  const exact = ours.filter((row) => place(row).scheme === scheme && place(row).port === port)
  const here =
    exact.length > 0 ? exact : ours.filter((row) => place(row).scheme === scheme && place(row).port === usual)
  return { scheme, here }
}

/** Namespaces of people a request names, or whose workload it reaches. */
function namespacesAt({ witness, outcome }: MapRow, known: ReadonlySet<string>): readonly string[] {
  const { host, path } = lineOf(witness)
  const words = [...host.split(/[.:]/), ...path.split(/[/?&=]/)].map((word) => word.toLowerCase())
  const reached = [outcome.workload, outcome.model].map((name) => name?.split('/')[0])
  const service = outcome.service?.split('.')[1]
  const all = [...words, ...reached, service].filter((word): word is string => word !== undefined)
  return [...new Set(all.filter((word) => known.has(word)))]
}

function withNamespace(witness: Witness, namespace: string): Witness {
  const mark = witness.url.includes('?') ? '&' : '?'
  return { ...witness, url: `${witness.url}${mark}namespace=${namespace}` }
}
