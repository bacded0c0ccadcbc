/**
 * A mesh with what Knative's and KServe's controllers would have made of its Services and
 * InferenceServices, where the YAML has not got it: routes, aliases, revisions, pods. Every made object
 * stands on the line of what it was made of. Nothing is made beside what is given.
 */
import type { At } from '../../base/index.ts'
import { type InferenceService, type Labels, type Mesh, parseMesh } from '../../mesh/index.ts'
import type { ObjectRef } from '../bound-route.ts'
import { child } from '../gateway-api/json.ts'
import { type KnativeConfig, type KserveConfig, knativeConfig, kserveConfig } from './config.ts'
import { type KnativeService, type Made, makeKnative } from './knative.ts'
import { knativeServicesOf, makeKserve, runsOnKnative } from './kserve.ts'

/** What nobody can make a route of, or none for hosts outside the cluster. */
export interface Unmade {
  readonly object: ObjectRef
  readonly at: At
  /** Names its hosts begin with. */
  readonly names: readonly string[]
  readonly inside: boolean
  /** Why, as a sentence. */
  readonly text: string
}

interface Serving {
  readonly mesh: Mesh
  readonly unmade: readonly Unmade[]
}

const known = new WeakMap<Mesh, Serving>()

/** The mesh itself where there is nothing to make. */
export function withServing(mesh: Mesh): Mesh {
  return servingOf(mesh).mesh
}

/** The object whose route for that host is not given and cannot be made. */
export function unmadeFor(mesh: Mesh, host: string): Unmade | undefined {
  const written = host.replace(/:\d*$/, '').toLowerCase()
  return servingOf(mesh).unmade.find(({ object, names, inside }) =>
    names.some((name) => {
      const own = `${name}.${object.namespace}`.toLowerCase()
      if (written === own || written === `${own}.svc` || written === `${own}.svc.cluster.local`) return inside
      return written.startsWith(`${own}.`) || written.startsWith(`${name}-${object.namespace}.`.toLowerCase())
    }),
  )
}

function servingOf(mesh: Mesh): Serving {
  const found = known.get(mesh)
  if (found !== undefined) return found
  const serving = serve(mesh)
  known.set(mesh, serving)
  known.set(serving.mesh, serving)
  return serving
}

/** A Knative Service, or an InferenceService. */
interface Origin {
  readonly object: ObjectRef
  readonly at: At
  readonly createdAt?: number
}

interface Maker {
  readonly mesh: Mesh
  readonly knative: KnativeConfig
  readonly made: { readonly of: Origin; readonly objects: readonly Made[] }[]
  readonly unmade: Unmade[]
}

function serve(mesh: Mesh): Serving {
  const knative = mesh.others.filter(
    ({ kind, apiVersion }) => kind === 'Service' && apiVersion.startsWith('serving.knative.dev/'),
  )
  if (knative.length + mesh.inferenceServices.length === 0) return { mesh, unmade: [] }
  const maker: Maker = { mesh, knative: knativeConfig(mesh), made: [], unmade: [] }
  for (const entry of knative) {
    const { namespace, name, labels, annotations, raw } = entry
    const template = child(raw, 'spec')
    const service = { namespace, name, labels, annotations, spec: template, status: child(raw, 'status') }
    serveKnative(maker, service, originOf(entry))
  }
  if (mesh.inferenceServices.length > 0) {
    const config = kserveConfig(mesh)
    for (const model of mesh.inferenceServices) serveModel(maker, model, config)
  }
  return { mesh: joined(mesh, maker.made), unmade: maker.unmade }
}

function originOf(entry: ObjectRef & { readonly at: At; readonly createdAt?: number }): Origin {
  const { kind, namespace, name, at, createdAt } = entry
  return { object: { kind, namespace, name }, at, ...(createdAt !== undefined && { createdAt }) }
}

/** Answers the host it has outside the cluster, of given routes too. */
function serveKnative(maker: Maker, service: KnativeService, of: Origin): string | undefined {
  const { mesh, knative } = maker
  const made = makeKnative(service, knative, (gateway) => hasGateway(mesh, gateway))
  if (isRouted(mesh, service)) return made.external
  const unmade = (text: string, inside: boolean) =>
    void maker.unmade.push({ object: of.object, at: of.at, names: [service.name], inside, text })
  if (knative.unknown !== undefined) {
    unmade(knative.unknown, true)
    return undefined
  }
  if (made.unknownOutside !== undefined) unmade(made.unknownOutside, false)
  maker.made.push({ of, objects: made.objects })
  return made.external
}

function hasGateway(mesh: Mesh, gateway: string): boolean {
  return mesh.gateways.some(({ namespace, name }) => `${namespace}/${name}` === gateway)
}

/** By net-istio's label, else by a host. */
function isRouted(mesh: Mesh, { namespace, name }: { readonly namespace: string; readonly name: string }) {
  const own = `${name}.${namespace}`
  return mesh.virtualServices.some(
    (service) =>
      service.namespace === namespace &&
      (service.labels['networking.internal.knative.dev/ingress'] === name ||
        service.labels['serving.knative.dev/route'] === name ||
        service.hosts.some(({ value }) => value === own || value.startsWith(`${own}.`))),
  )
}

function serveModel(maker: Maker, model: InferenceService, config: KserveConfig): void {
  const { mesh } = maker
  const of = originOf(model)
  const names = [model.name, `${model.name}-predictor`, `${model.name}-predictor-default`]
  const unmade = (text: string, inside: boolean) =>
    void maker.unmade.push({ object: of.object, at: of.at, names, inside, text })
  if (!runsOnKnative(model, config)) {
    if (!isRouted(mesh, model)) unmade('it does not run on Knative, and its route is not in the YAML', true)
    return
  }
  const before = maker.unmade.length
  let external: string | undefined
  for (const service of knativeServicesOf(model, config)) {
    const host = serveKnative(maker, service, of)
    if (!service.name.startsWith(`${model.name}-explainer`)) {
      external = service.name.startsWith(`${model.name}-transformer`) ? host : (external ?? host)
    }
  }
  const failed = maker.unmade[before]
  if (config.withoutRoute || isRouted(mesh, model)) return
  if (failed !== undefined) unmade(failed.text, failed.inside)
  if (failed?.inside) return
  const [service, namespace] = config.localService.split('.')
  if (!mesh.services.some((one) => one.name === service && one.namespace === namespace)) {
    unmade(`Service ${config.localService}, which its route leads to, is not in the YAML`, true)
    return
  }
  const shown = hasGateway(mesh, config.ingressGateway)
  if (external !== undefined && !shown) {
    unmade(`Gateway ${config.ingressGateway}, which its route is for, is not in the YAML`, false)
  }
  const objects = shown
    ? makeKserve(model, config, external)
    : makeKserve(model, { ...config, pathTemplate: '' }, undefined)
  maker.made.push({ of, objects })
}

/** Services and pods that are given stay as they are. */
function joined(mesh: Mesh, made: Maker['made']): Mesh {
  const lists = made.map(({ of, objects }) => {
    const text = objects.map((object) => JSON.stringify(object)).join('\n---\n')
    return located(parseMesh([{ file: of.at.file, text }]).mesh, of)
  })
  if (lists.length === 0) return mesh
  const has = (one: { readonly namespace: string; readonly name: string }) =>
    mesh.services.some(({ namespace, name }) => namespace === one.namespace && name === one.name)
  const runs = (namespace: string, labels: Labels) =>
    mesh.workloads.some(
      (one) =>
        one.namespace === namespace &&
        one.podLabels['serving.knative.dev/revision'] === labels['serving.knative.dev/revision'],
    )
  return {
    ...mesh,
    virtualServices: [...mesh.virtualServices, ...lists.flatMap(({ virtualServices }) => virtualServices)],
    services: [...mesh.services, ...lists.flatMap(({ services }) => services.filter((one) => !has(one)))],
    workloads: [
      ...mesh.workloads,
      ...lists.flatMap(({ workloads }) =>
        workloads.filter(({ namespace, podLabels }) => !runs(namespace, podLabels)),
      ),
    ],
  }
}

/** Every place is the origin's, and so is the age. */
function located(
  made: Mesh,
  { at, createdAt }: Origin,
): Pick<Mesh, 'virtualServices' | 'services' | 'workloads'> {
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      // A label may be called `at` too.
      Object.entries(value).map(([key, inner]) => [
        key,
        key === 'at' && typeof inner === 'object' ? at : move(inner),
      ]),
    )
  }
  const all = <T extends object>(objects: readonly T[]): readonly T[] =>
    objects.map((object) => ({ ...(move(object) as T), createdAt }))
  return {
    virtualServices: all(made.virtualServices),
    services: all(made.services),
    workloads: all(made.workloads),
  }
}
