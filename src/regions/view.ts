import type { Mesh } from '../mesh/index.ts'
import {
  type Check,
  compileDoor,
  type Door,
  type EngineOptions,
  type ForwardAction,
  inspectProxy,
  type Next,
  nextHop,
  type ProxyIdentity,
  type ProxyInsight,
  type Route,
} from '../policy/index.ts'
import type { SignIn } from './sign-in.ts'

export interface ViewOptions extends EngineOptions {
  readonly signIn?: SignIn
}

/** A door under analysis, with what is asked of it again and again. */
export class View {
  readonly door: Door
  readonly signIn?: SignIn
  readonly #options: EngineOptions
  readonly #insights = new Map<ProxyIdentity, ProxyInsight>()
  readonly #next = new Map<string, Next>()
  readonly #numbers = new WeakMap<object, number>()
  #given = 0

  constructor(mesh: Mesh, options: ViewOptions) {
    if (options.signIn !== undefined) this.signIn = options.signIn
    this.#options = options
    this.door = compileDoor(mesh, options)
  }

  /** What authorizers put before the path they are asked about. */
  get checkPrefixes(): readonly string[] {
    const { extensionProviders } = this.mesh.meshConfig
    return [...new Set(['', ...extensionProviders.map((provider) => provider.pathPrefix ?? '')])]
  }

  /** Methods the auth service itself treats in another way. */
  get signInMethods(): readonly string[] {
    const { signIn } = this
    if (signIn === undefined) return []
    const answer = (method: string) => {
      const check = { ...anyCheck, method }
      return JSON.stringify(signIn.answer(check, { status: 302, headers: [] }, false))
    }
    const named = signIn.exemptions.flatMap(({ method }) => (method === undefined ? [] : [method]))
    return [...new Set([...named, ...(answer('OPTIONS') === answer('GET') ? [] : ['OPTIONS'])])]
  }

  get mesh(): Mesh {
    return this.door.mesh
  }

  /** The same number for the same object. */
  numberOf(thing: object): number {
    let number = this.#numbers.get(thing)
    if (number === undefined) {
      number = this.#given++
      this.#numbers.set(thing, number)
    }
    return number
  }

  insight(proxy: ProxyIdentity): ProxyInsight {
    let insight = this.#insights.get(proxy)
    if (insight === undefined) {
      insight = inspectProxy(this.mesh, proxy, this.#options)
      this.#insights.set(proxy, insight)
    }
    return insight
  }

  /** What stands behind a Service's port. */
  behind(host: string, port: number): Next {
    const key = `${host}:${port}`
    let next = this.#next.get(key)
    if (next === undefined) {
      next = nextHop(this.door, { destination: { host, port } }, 1, false)
      this.#next.set(key, next)
    }
    return next
  }

  /** The proxy a forwarding route leads to; the engine, asked without a random number, takes the heaviest. */
  behindRoute(route: Route): Next | undefined {
    const target = targetOf(route)
    return target && this.behind(target.host, target.port)
  }
}

function targetOf(route: Route): { readonly host: string; readonly port: number } | undefined {
  if (route.action.kind !== 'forward') return undefined
  const chosen = heaviest(route.action)
  return chosen?.target.known ? chosen.target : undefined
}

/** The Host a workload sees where the route writes one. */
export function hostWritten(route: Route): string | undefined {
  if (route.action.kind !== 'forward') return undefined
  return route.action.host ?? heaviest(route.action)?.host
}

function heaviest({ targets }: ForwardAction): ForwardAction['targets'][number] | undefined {
  let best = targets[0]
  for (const entry of targets) if (best === undefined || entry.weight > best.weight) best = entry
  return best
}

const anyCheck: Check = {
  provider: '',
  service: '',
  method: 'GET',
  path: '/',
  host: '',
  headers: [],
  protocol: 'http',
  timeoutMs: 0,
}
