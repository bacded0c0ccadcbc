import type { Mesh } from '../mesh/index.ts'
import {
  type Check,
  compileDoor,
  type Door,
  type EngineOptions,
  type ForwardAction,
  inspectConnections,
  inspectProxy,
  matchesValue,
  type Next,
  nextHop,
  type ProxyIdentity,
  type ProxyInsight,
  parseValuePattern,
  type Route,
  sessionToken,
} from '../policy/index.ts'
import type { Contents } from './contents.ts'
import { RulesByPath } from './rules-by-path.ts'
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
  readonly #connections = new Map<ProxyIdentity, ProxyInsight>()
  readonly #rules = new Map<ProxyInsight, RulesByPath>()
  readonly #next = new Map<string, Next>()
  readonly #numbers = new WeakMap<object, number>()
  readonly #contents?: Contents
  #given = 0
  #world: string | undefined
  #noPolicies: ProxyInsight | undefined

  constructor(mesh: Mesh, options: ViewOptions, contents?: Contents) {
    if (contents !== undefined) this.#contents = contents
    if (options.signIn !== undefined) this.signIn = options.signIn
    this.#options = options
    this.door = compileDoor(mesh, options)
  }

  get compares(): boolean {
    return this.#contents !== undefined
  }

  get world(): string {
    if (this.#contents === undefined) return ''
    this.#world ??= `${this.#contents.worldOf(this.mesh)} ${this.#signInContent()}`
    return this.#world
  }

  #signInContent(): string {
    const { signIn } = this
    if (signIn === undefined) return JSON.stringify(sessionToken(this.mesh))
    return `${signIn.content} ${JSON.stringify(sessionToken(this.mesh))}`
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

  /** Whether filters may write a header of that name: from a token, or from an authorizer's answer. */
  isWritten(name: string): boolean {
    const { requestAuthentications, meshConfig, envoyFilters } = this.mesh
    if (envoyFilters.length > 0 || name === 'authorization') return true
    const outputs = requestAuthentications.flatMap(({ jwtRules }) =>
      jwtRules.flatMap((rule) => [
        rule.outputPayloadToHeader?.value ?? '',
        ...rule.outputClaimToHeaders.map(({ header }) => header),
      ]),
    )
    const answered = meshConfig.extensionProviders.flatMap(({ headersToUpstreamOnAllow }) =>
      headersToUpstreamOnAllow.map(({ value }) => parseValuePattern(value.toLowerCase())),
    )
    return (
      outputs.some((header) => header.toLowerCase() === name) ||
      answered.some((pattern) => matchesValue(pattern, name)) ||
      meshConfig.extensionProviders.some(({ kind }) => kind === 'envoyExtAuthzGrpc')
    )
  }

  get mesh(): Mesh {
    return this.door.mesh
  }

  /** The same number for the same object; with `contents` also for one that says the same in another door. */
  numberOf(thing: object, content: () => string): number {
    let number = this.#numbers.get(thing)
    if (number === undefined) {
      number = this.#contents?.numberOf(content()) ?? this.#given++
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

  /** Of a proxy that hands bytes on. */
  connections(proxy: ProxyIdentity): ProxyInsight {
    let insight = this.#connections.get(proxy)
    if (insight === undefined) {
      insight = inspectConnections(this.mesh, proxy, this.#options)
      this.#connections.set(proxy, insight)
    }
    return insight
  }

  rulesByPath(insight: ProxyInsight): RulesByPath {
    let rules = this.#rules.get(insight)
    if (rules === undefined) {
      rules = new RulesByPath(insight)
      this.#rules.set(insight, rules)
    }
    return rules
  }

  /** Of a sidecar a call leaves by: policies hold where it arrives. */
  get noPolicies(): ProxyInsight {
    this.#noPolicies ??= {
      ...this.insight(this.door.gateway()),
      proxy: { kind: 'sidecar', namespace: '', labels: {} },
      custom: [],
      deny: [],
      allow: [],
      tokens: [],
      patched: false,
      shape: 'leaving',
    }
    return this.#noPolicies
  }

  /** The proxies some request was followed to. */
  inspected(): readonly ProxyInsight[] {
    return [...this.#insights.values(), ...this.#connections.values()]
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

export function targetOf(route: Route): { readonly host: string; readonly port: number } | undefined {
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
