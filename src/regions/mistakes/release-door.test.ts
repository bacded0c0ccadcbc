/** A release's own YAML as objects, edited as a person would. Kubeflow's YAML is not carried: it lies beside the checkout. */
import { readdirSync, readFileSync } from 'node:fs'
import { parseAllDocuments, stringify } from 'yaml'
import { sharedPath } from '../../../tools/shared.ts'

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, edited by hand
export type Any = any

/** A release line, and the variants of it that are laid over it. */
export type Release =
  | '26.03'
  | 'v1.9'
  | 'v1.8'
  | 'v1.6'
  | '26.03+m2m-dex-and-kind'
  | '26.03+m2m-dex-and-kind+allow-predictor'
  | '26.03+m2m-dex-and-kind+cluster-local-gateway-m2m-auth'
  | 'v1.9+expose-model-path'
  | 'v1.6+gateway-tls'
  | 'v1.6+ext-authz-instead-of-envoyfilter'

export const folderOf = (release: string) => sharedPath(`fixtures/kubeflow/${release.split('+')[0]}`)

/** The YAML objects of a door; what an edit cannot find is a mistake of the table. */
export class Objects {
  readonly list: Any[]

  constructor(list: Any[]) {
    this.list = list
  }

  /** `name`, or `namespace/name` where two are called alike. */
  get(kind: string, name: string): Any {
    const found = this.list.filter((each) => {
      const { namespace, name: own } = each.metadata
      return each.kind === kind && (own === name || `${namespace}/${own}` === name)
    })
    if (found.length !== 1) throw new Error(`${found.length} objects are ${kind} ${name}`)
    return found[0]
  }

  /** All of a kind. */
  all(kind: string): Any[] {
    return this.list.filter((each) => each.kind === kind)
  }

  remove(kind: string, name: string): void {
    this.list.splice(this.list.indexOf(this.get(kind, name)), 1)
  }

  add(apiVersion: string, kind: string, place: string, rest: Any): Any {
    const [namespace, name] = place.split('/')
    const made = { apiVersion, kind, metadata: { name, namespace }, ...rest }
    this.list.push(made)
    return made
  }

  policy(place: string, spec: Any): Any {
    return this.add('security.istio.io/v1', 'AuthorizationPolicy', place, { spec })
  }

  routes(place: string, spec: Any): Any {
    return this.add('networking.istio.io/v1', 'VirtualService', place, { spec })
  }

  /** The mesh's own settings are YAML in a ConfigMap. */
  mesh(change: (mesh: Any) => void): void {
    const { data } = this.get('ConfigMap', 'istio')
    const [document] = parseAllDocuments(data.mesh)
    const mesh = document?.toJS()
    change(mesh)
    data.mesh = stringify(mesh)
  }

  text(): string {
    return this.list.map((each) => stringify(each, { aliasDuplicateObjects: false })).join('---\n')
  }
}

const read = new Map<string, string>()

export function objectsOf(release: Release): Objects {
  const [line, ...variants] = release.split('+')
  const folder = folderOf(line as string) as string
  const known = read.get(release)
  if (known !== undefined) return new Objects(JSON.parse(known))
  const list: Any[] = []
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
  for (const file of [...files, ...variants.map((name) => `variants/${name}.yaml`)]) {
    for (const document of parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8'))) {
      const object = document.toJS()
      if (object === null) continue
      const same = (each: Any) =>
        each.kind === object.kind &&
        each.metadata.name === object.metadata.name &&
        each.metadata.namespace === object.metadata.namespace
      const at = list.findIndex(same)
      if (at < 0) list.push(object)
      else list[at] = object
    }
  }
  read.set(release, JSON.stringify(list))
  return new Objects(list)
}
