/** What rules, routes and proxies of two doors say, so that what both say alike has one number. */
import type { Mesh } from '../mesh/index.ts'
import {
  attaches,
  byAge,
  coversHost,
  type Next,
  type ProxyInsight,
  type Route,
  type Rule,
} from '../policy/index.ts'

export class Contents {
  readonly #numbers = new Map<string, number>()
  readonly #worlds = new WeakMap<Mesh, string>()

  numberOf(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(text, number)
    }
    return number
  }

  /** Everything around rules and routes that decides too. */
  worldOf(mesh: Mesh): string {
    let world = this.#worlds.get(mesh)
    if (world === undefined) {
      const { meshConfig, services, serviceEntries, sidecars, envoyFilters, others } = mesh
      // Which Services a pod's proxy knows of decides where its calls go, those to others too.
      const known = [...services]
        .sort(byName)
        .map((each) => [nameOf(each), each.ports, each.annotations['networking.istio.io/exportTo']])
      const differs = sidecars.length > 0 || known.some(([, , exported]) => exported !== undefined)
      world = plain([
        { ...meshConfig, raw: undefined },
        [...serviceEntries, ...sidecars, ...envoyFilters].sort(byName),
        others.filter(({ kind }) => /^(ProxyConfig|WasmPlugin)$/.test(kind)),
        differs ? known : [],
      ])
      this.#worlds.set(mesh, world)
    }
    return world
  }
}

const nameOf = (each: { readonly kind: string; readonly namespace: string; readonly name: string }) =>
  `${each.kind}/${each.namespace}/${each.name}`

const byName = (a: Parameters<typeof nameOf>[0], b: Parameters<typeof nameOf>[0]) =>
  nameOf(a) < nameOf(b) ? -1 : 1

/** Without the places in files. */
function plain(value: unknown): string {
  return JSON.stringify(value, (key, each) =>
    key === 'at' || key === 'dataAt' || key === 'raw' ? undefined : each,
  )
}

export function ruleContent({ policy, from, to }: Rule): string {
  const side = (entries: Rule['from']) =>
    entries.map(({ fields }) => fields.map(({ name, values }) => [name, values.map((each) => each.value)]))
  const action = policy.action?.value ?? 'ALLOW'
  return JSON.stringify([
    'rule',
    action,
    policy.provider?.value,
    policy.dryRun?.value,
    policy.namespace,
    side(from),
    side(to),
  ])
}

export function routeContent(route: Route): string {
  // What it was written as holds the whole VirtualService: a route beside it would make it another one.
  const { object: _, rule: __, written: ___, tests, ...rest } = route
  return `route ${plain([rest, tests.map(({ field, on }) => [field, on.match.kind, on.match.text])])}`
}

/** A proxy: which it is, whom it believes, and what of its policies counts beside their rules. */
export function proxyContent(mesh: Mesh, { proxy, shape }: ProxyInsight, world: string): string {
  const labels = Object.entries(proxy.labels).sort()
  const target = {
    namespace: proxy.namespace,
    labels: proxy.labels,
    rootNamespace: mesh.meshConfig.rootNamespace,
  }
  const tokens = mesh.requestAuthentications
    .filter((policy) => attaches(policy, target))
    .map(({ namespace, jwtRules }) => [namespace === proxy.namespace, jwtRules])
  const peers = mesh.peerAuthentications
    .filter(({ namespace }) => namespace === proxy.namespace || namespace === mesh.meshConfig.rootNamespace)
    .sort(byName)
  const ports = mesh.services
    .filter(
      ({ namespace, selector = {} }) => namespace === proxy.namespace && selects(selector, proxy.labels),
    )
    .map(({ ports, type, externalName, createdAt }) => [ports, type, externalName, createdAt])
  const known = [proxy.kind, proxy.namespace, proxy.serviceAccount, labels, shape]
  return `proxy ${JSON.stringify(known)} ${plain([tokens, peers, ports])} ${world}`
}

function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}

/** What stands behind a Service's port, and how it is spoken to. */
export function nextContent(mesh: Mesh, next: Next, host: string): string {
  // Whichever of them is the calling proxy's.
  const rules = mesh.destinationRules
    .filter((rule) => coversHost(rule, host))
    .sort(byAge)
    .map(({ namespace, host: { value }, exportTo, workloadSelector, tlsMode, portTlsModes, subsets }) => [
      [namespace, value, exportTo, workloadSelector, tlsMode, portTlsModes],
      subsets.map((each) => [each.name, each.tlsMode, each.portTlsModes]),
    ])
  switch (next.kind) {
    case 'gateway':
      return plain(['gateway', next.port, rules])
    case 'sidecar': {
      const { workload, port, knative } = next.backend
      const { namespace, podLabels, serviceAccount } = workload
      return plain(['sidecar', port, knative, namespace, podLabels, serviceAccount, rules])
    }
    case 'end':
      return plain(['end', next.reason, next.workload?.namespace, next.workload?.podLabels, rules])
    case 'unknown':
      return plain(['unknown', next.reason])
  }
}
