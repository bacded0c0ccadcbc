import type { HttpRoute, L4Route } from '../mesh/index.ts'

/** The object a person would look for: a VirtualService, or the HTTPRoute one was made of. */
export interface ObjectRef {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** One `http` entry with its short names resolved and its place in the YAML. */
export interface BoundRoute {
  readonly route: HttpRoute
  readonly object: ObjectRef
  /** `http[2]`. */
  readonly rule: string
  /** Gateway API's redirect to another prefix. */
  readonly redirectPrefix?: string
}

/** A VirtualService ready to be attached to gateways. */
export interface BoundService {
  readonly object: ObjectRef
  readonly namespace: string
  readonly name: string
  readonly createdAt?: number
  readonly hosts: readonly string[]
  /** `namespace/name`, or `mesh`. */
  readonly gateways: readonly string[]
  /** Namespaces that may use it; undefined = all. */
  readonly exportTo?: readonly string[]
  readonly routes: readonly BoundRoute[]
  readonly tcp: readonly L4Route[]
  readonly tls: readonly L4Route[]
  /** Gateway API compares path prefixes by segment and answers 500 for a missing backend. */
  readonly semantics: 'classic' | 'gateway'
}
