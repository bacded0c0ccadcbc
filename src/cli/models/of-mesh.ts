import { releaseAnswers } from '../../compose/release-answers.ts'
import type { InferenceService, Mesh } from '../../mesh/index.ts'
import { type Door, explain, type Principal, type Verdict } from '../../policy/index.ts'
import { accessMap, callerName, findPrincipals, type MapRow, type ViewOptions } from '../../regions/index.ts'
import { readQuestion } from '../explain/read-question.ts'

/** One address of a model, and what becomes of the request a client asks it with. */
export interface ModelAddress {
  /** `DOOR` for the host where any host will do. */
  readonly url: string
  /** The gateway, or `inside the mesh`. */
  readonly door: string
  /** `NS/VIRTUALSERVICE/http[i]`, `NS/SERVICE:PORT` */
  readonly route: string
  /** What is asked: `POST /v1/models/iris:predict`, after the URL. */
  readonly asked: string
  readonly open: readonly string[]
  /** Who may or may not: nobody can tell from the YAML. */
  readonly unknown: readonly string[]
  /** How everybody else is turned away: reasons, each with whom. */
  readonly closed: Readonly<Record<string, readonly string[]>>
}

export interface ModelRow {
  readonly namespace: string
  readonly name: string
  readonly format?: string
  readonly protocol: 'v1' | 'v2'
  /** The condition Ready of its status, where that is there. */
  readonly ready?: boolean
  readonly addresses: readonly ModelAddress[]
}

/** Every model of a mesh, the addresses it has, and who gets an answer there. */
export function modelsOfMesh(
  mesh: Mesh,
  door: Door,
  options: ViewOptions & { readonly now: number },
): ModelRow[] {
  const principals = findPrincipals(mesh)
  const routes = routesOf(accessMap(mesh, { ...options, principals }))
  const ask = asker(mesh, door, principals, options.now)
  return mesh.inferenceServices.map((model) => {
    const { namespace, name, modelFormat, protocolVersion } = model
    const protocol = protocolVersion === 'v2' ? 'v2' : 'v1'
    const asked = protocol === 'v2' ? `/v2/models/${name}/infer` : `/v1/models/${name}:predict`
    const ready = readyOf(model)
    return {
      namespace,
      name,
      ...(modelFormat !== undefined && { format: modelFormat }),
      protocol,
      ...(ready !== undefined && { ready }),
      addresses: routes
        .filter((route) => leadsTo(route, model))
        .map((route) => ({
          url: route.url.replace(/^(https?:\/\/)x(?=[:/]|$)/, '$1DOOR'),
          door: route.door,
          route: route.id,
          asked: `POST ${asked}`,
          ...ask(route, asked),
        }))
        .filter(({ open, unknown, closed }) => open.length + unknown.length > 0 || !closed['https-redirect'])
        // A route for one kind of request that leads nowhere else is the same address again.
        .filter(
          (one, at, all) => all.findIndex(({ url, door: by }) => url === one.url && by === one.door) === at,
        )
        .sort((a, b) => rank(a) - rank(b)),
    }
  })
}

interface Route {
  readonly door: string
  readonly id: string
  readonly hosts: readonly string[]
  readonly match: string
  /** Without a slash at the end. */
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly inside: boolean
  /** `NS/NAME` of models somebody reaches by it. */
  readonly models: ReadonlySet<string>
}

function routesOf(rows: readonly MapRow[]): Route[] {
  const routes = new Map<string, Route & { readonly models: Set<string> }>()
  for (const { door, route, verdict, reason, witness, outcome } of rows) {
    // What only sends on to HTTPS, or wants a header of Knative's own, is nobody's address.
    if ((verdict === 'redirect' && reason === 'https-redirect') || /headers?\[/.test(route.match)) continue
    const { id, hosts, match } = route
    const key = `${door} ${id} ${match} ${hosts.join()}`
    const known = routes.get(key)
    if (known) {
      if (outcome.model !== undefined) known.models.add(outcome.model)
      continue
    }
    const [, origin = '', path = ''] = /^(https?:\/\/[^/]+)([^?]*)/.exec(witness.url) ?? []
    const [, kind, text = ''] = /^(\w+) (\S*)/.exec(match) ?? []
    const base = kind === 'prefix' ? text.replace(/,$/, '') : kind === 'port' || path === '/' ? '' : path
    routes.set(key, {
      door,
      id,
      hosts,
      match,
      url: `${origin}${base.replace(/\/+$/, '')}`,
      headers: witness.headers.filter(([name]) => name.toLowerCase() === 'host'),
      inside: door === 'inside the mesh',
      models: new Set(outcome.model === undefined ? [] : [outcome.model]),
    })
  }
  return [...routes.values()]
}

/** By where somebody gets with it; where nobody does, by the names KServe gives its routes. */
function leadsTo({ hosts, url, id, models }: Route, { namespace, name }: InferenceService): boolean {
  if (models.size > 0) return models.has(`${namespace}/${name}`)
  const named = (host: string) =>
    [`${name}.${namespace}.`, `${name}-${namespace}.`, `${name}-predictor.${namespace}.`].some((start) =>
      `${host}.`.startsWith(start),
    )
  return (
    hosts.some(named) ||
    `${url}/`.includes(`/serving/${namespace}/${name}/`) ||
    id.startsWith(`${namespace}/${name}/`) ||
    id.startsWith(`${namespace}/${name}-predictor`)
  )
}

type Answered = Pick<ModelAddress, 'open' | 'unknown' | 'closed'>

/** The request a client asks a model with, put to the engine for everybody. */
function asker(mesh: Mesh, door: Door, principals: readonly Principal[], now: number) {
  const provider = releaseAnswers(mesh)
  return ({ url, headers, inside }: Route, asked: string): Answered => {
    const header = headers.map(([name, value]) => `${name}: ${value}`)
    const typed = readQuestion('models', ['POST', `${url}${asked}`], { as: 'anonymous', header }, now)
    const open: string[] = []
    const unknown: string[] = []
    const closed: Record<string, string[]> = {}
    for (const principal of principals) {
      const comes = principal.kind === 'mesh' || principal.kind === 'outside'
      if (comes !== inside) continue
      const question = { ...typed, principal, signature: () => false, ...(provider && { provider }) }
      const result = explain(door, question)
      const { verdict, reason }: { verdict: Verdict; reason: string } =
        'problem' in result ? { verdict: 'unavailable', reason: result.problem } : result
      const caller = callerName(principal)
      if (verdict === 'allow') open.push(caller)
      else if (verdict === 'unknown') unknown.push(caller)
      else {
        closed[reason] ??= []
        closed[reason].push(caller)
      }
    }
    return { open, unknown, closed }
  }
}

/** From outside first, and there the addresses without `-predictor`, which are the ones meant for people. */
function rank({ door, route, url }: ModelAddress): number {
  const made = /-predictor/.test(url) || /-predictor/.test(route) ? 1 : 0
  return (door === 'inside the mesh' ? 4 : 0) + made * 2
}

function readyOf({ raw }: InferenceService): boolean | undefined {
  const { status } = (raw ?? {}) as { status?: { conditions?: unknown } }
  const conditions = Array.isArray(status?.conditions) ? status.conditions : []
  const ready = conditions.find(
    (one): one is { status: string } => (one as { type?: string })?.type === 'Ready',
  )
  return ready && ready.status === 'True'
}
