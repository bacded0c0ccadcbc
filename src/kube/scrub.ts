import { X509Certificate } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from './resources.ts'
import { Scrubber } from './scrub-text.ts'
import { isSecretHeader, isSecretName, mayStay } from './secret-names.ts'

export interface ScrubOptions {
  /** Of this snapshot alone: equal values can be told within it, and none can be looked up. */
  readonly key: Buffer
  /** E-mail addresses too. */
  readonly anonymize: boolean
  /** Addresses of the whole snapshot, whose spellings in names go too; see {@link addressesIn}. */
  readonly addresses?: readonly string[]
}

type Value = unknown
type Fields = Record<string, Value>

/** Annotations that repeat a whole object, or name people for no purpose here. */
const noise =
  /^(kubectl\.kubernetes\.io\/last-applied-configuration|kustomize\.toolkit\.fluxcd\.io\/|argocd\.argoproj\.io\/tracking-id|meta\.helm\.sh\/)/

/** Whether a reading leaves this annotation out. */
export const isNoise = (annotation: string): boolean => noise.test(annotation)

const email = /[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/g

/**
 * One object without what a door’s YAML must not carry out of a cluster: Secrets’ values, passwords and
 * hashes in ConfigMaps, literals of environments, Lua, Authorization a route sets, keys inside policies,
 * managed fields and status. Where equality matters a fingerprint stays. On doubt a text goes.
 */
export function scrub(object: KubeObject, options: ScrubOptions): KubeObject {
  const scrubber = new Scrubber(options.key)
  const { status: _, ...rest } = structuredClone(object) as Fields
  const metadata = rest.metadata as Fields | undefined
  if (metadata) rest.metadata = cleanMetadata(metadata, scrubber)
  switch (rest.kind) {
    case 'Secret':
      return named(secretOf(rest, scrubber), options, scrubber)
    case 'ConfigMap': {
      delete rest.binaryData
      rest.data = mapText(rest.data, (text, key) => scrubber.settings(text, key))
      break
    }
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'Pod':
      rest.spec = workloadSpec(rest.spec as Fields | undefined, scrubber)
      break
    default:
      for (const [field, value] of Object.entries(rest)) {
        if (!['apiVersion', 'kind', 'metadata'].includes(field)) rest[field] = deep(value, scrubber)
      }
  }
  return named(rest, options, scrubber)
}

/**
 * A workload to be edited: all of it but status and what the API server keeps for itself; undefined where
 * anything in it may be secret, and only {@link scrub} may show it.
 */
export function wholeWorkload(
  object: KubeObject,
  { key }: Pick<ScrubOptions, 'key'>,
): KubeObject | undefined {
  const scrubber = new Scrubber(key)
  const { status: _, metadata, spec, ...rest } = structuredClone(object) as Fields
  const cleaned = cleanMetadata(metadata as Fields, scrubber)
  const shown = [cleaned, workloadSpec(spec as Fields | undefined, scrubber)]
  if (/\bscrubbed:[0-9a-f]{16}\b/.test(JSON.stringify(shown))) return undefined
  // What `shown` leaves out: annotations of the pods, the headers of a probe.
  const pods = (spec as { readonly template?: { readonly metadata?: Fields } } | undefined)?.template
    ?.metadata
  if (pods !== undefined && !isDeepStrictEqual(cleanMetadata(pods, scrubber), pods)) return undefined
  return isDeepStrictEqual(deep(spec, scrubber), spec) ? { ...rest, metadata: cleaned, spec } : undefined
}

function named(fields: Fields, options: ScrubOptions, scrubber: Scrubber): KubeObject {
  if (!options.anonymize) return fields
  const spellings = new Map<string, string>()
  for (const address of options.addresses ?? []) {
    const id = `user-${scrubber.digest(address).slice(0, 8)}`
    for (const mark of ['-', '.', '_']) {
      const escaped = address.toLowerCase().replace(/[^a-z0-9]+/g, mark)
      spellings.set(escaped, `${id}-example-invalid`.replaceAll('-', mark === '.' ? '-' : mark))
    }
  }
  return anonymous(fields, scrubber, spellings) as KubeObject
}

/** Every e-mail address in some objects: those of people, not of images or Services. */
export function addressesIn(objects: readonly KubeObject[]): readonly string[] {
  const found = new Set<string>()
  const look = (value: Value): void => {
    if (typeof value === 'string') {
      for (const [address] of value.matchAll(email)) if (!isServiceName(address)) found.add(address)
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        look(name)
        look(inner)
      }
    }
  }
  for (const object of objects) look(object)
  return [...found]
}

function cleanMetadata(metadata: Fields, scrubber: Scrubber): Fields {
  const { managedFields: _, uid: __, resourceVersion: ___, generation: ____, ...rest } = metadata
  const annotations = rest.annotations as Fields | undefined
  if (annotations) {
    rest.annotations = Object.fromEntries(
      Object.entries(annotations)
        .filter(([name]) => !isNoise(name))
        .map(([name, value]) => [
          name,
          typeof value !== 'string'
            ? value
            : isSecretName(name.replace(/^.*\//, '')) || /snippet|lua|script/i.test(name)
              ? scrubber.fingerprint(value)
              : scrubber.settings(value, ''),
        ]),
    )
  }
  return rest
}

/** A Secret keeps its name and type; of a TLS Secret its certificate, which every client is shown anyway. */
function secretOf(secret: Fields, scrubber: Scrubber): Fields {
  const { data: stored = {}, stringData = {}, ...rest } = secret
  const written = Object.entries(stringData as Record<string, string>)
  const data: Record<string, string> = {
    ...(stored as Record<string, string>),
    ...Object.fromEntries(written.map(([name, value]) => [name, encoded(String(value))])),
  }
  const certificate = data['tls.crt']
  const pem = certificate === undefined ? undefined : decoded(certificate)
  if (pem === undefined || !isCertificate(pem)) {
    const keys = Object.entries(data)
    return {
      ...rest,
      data: Object.fromEntries(
        keys.map(([name, value]) => [name, encoded(scrubber.fingerprint(decoded(value)))]),
      ),
    }
  }
  return { ...rest, data: { 'tls.crt': certificate } }
}

const decoded = (text: string) => Buffer.from(text, 'base64').toString('utf8')
const encoded = (text: string) => Buffer.from(text).toString('base64')

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).validTo !== '' && !pem.includes('PRIVATE KEY')
  } catch {
    return false
  }
}

function mapText(data: Value, change: (text: string, key: string) => string): Value {
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(
    Object.entries(data as Record<string, string>).map(([key, text]) => [
      key,
      typeof text === 'string' ? change(text, key) : text,
    ]),
  )
}

function workloadSpec(spec: Fields | undefined, scrubber: Scrubber): Value {
  if (spec === undefined) return spec
  const template = spec.template as { readonly metadata?: Fields; readonly spec?: Fields } | undefined
  if (template !== undefined) {
    const { replicas, selector, serviceName } = spec
    const metadata = template.metadata && cleanMetadata(template.metadata, scrubber)
    return compact({
      replicas,
      selector,
      serviceName,
      template: { metadata, spec: podSpec(template.spec, scrubber) },
    })
  }
  return podSpec(spec, scrubber)
}

/** Of a pod only what says which program runs as whom, and how it is set. */
function podSpec(spec: Fields | undefined, scrubber: Scrubber): Value {
  const containers = (list: Value) =>
    Array.isArray(list) ? list.map((each) => container(each as Fields, scrubber)) : undefined
  return compact({
    serviceAccountName: spec?.serviceAccountName,
    hostNetwork: spec?.hostNetwork,
    containers: containers(spec?.containers),
    initContainers: containers(spec?.initContainers),
    volumes: Array.isArray(spec?.volumes)
      ? (spec.volumes as Fields[]).filter(
          ({ projected, secret, configMap }) => projected || secret || configMap,
        )
      : undefined,
  })
}

function container(one: Fields, scrubber: Scrubber): Fields {
  const { name, image, args, command, env, envFrom, ports } = one
  return compact({
    name,
    image,
    command: words(command, scrubber),
    args: words(args, scrubber),
    envFrom,
    ports,
    env: variables(env, scrubber),
  })
}

function variables(env: Value, scrubber: Scrubber): Value {
  if (!Array.isArray(env)) return undefined
  return (env as { name: string; value?: string }[]).map((each) => {
    const { name, value } = each
    if (typeof value !== 'string') return each
    const kept = mayStay(String(name), value) || /^\$\([\w.-]+\)$/.test(value)
    return { ...each, value: kept ? scrubber.anywhere(value) : scrubber.fingerprint(value) }
  })
}

/** `--client-secret=…`, `--client-secret …`, `export PASSWORD=…`. */
function words(list: Value, scrubber: Scrubber): Value {
  if (!Array.isArray(list)) return undefined
  return list.map((each, index) => {
    const word = String(each)
    const found = /^(--?([A-Za-z0-9_.-]+)=)([\s\S]+)$/.exec(word)
    if (found?.[1] !== undefined && isSecretName(found[2] ?? '') && !/^(true|false)$/.test(found[3] ?? '')) {
      return `${found[1]}${scrubber.fingerprint(found[3] ?? '')}`
    }
    const flag = /^--?([A-Za-z0-9_.-]+)$/.exec(String(list[index - 1] ?? ''))?.[1]
    if (flag !== undefined && isSecretName(flag) && !word.startsWith('-')) return scrubber.fingerprint(word)
    return scrubber.anywhere(word)
  })
}

/** Private members of a key set: only the public ones verify a token. */
const privateMembers = new Set(['k', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'oth'])

/** Texts under telling names anywhere in an object: scripts, headers a route sets or asks for, key sets. */
function deep(value: Value, scrubber: Scrubber, key = ''): Value {
  if (typeof value === 'string') return deepText(value, scrubber, key)
  if (Array.isArray(value)) return value.map((each) => deep(each, scrubber, key))
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Fields
  if (Array.isArray(fields.env) && key !== 'vmConfig') {
    const { env, args, command, ...others } = fields
    return {
      ...(deep(others, scrubber, key) as Fields),
      env: variables(env, scrubber),
      ...(args !== undefined && { args: words(args, scrubber) ?? args }),
      ...(command !== undefined && { command: words(command, scrubber) ?? command }),
    }
  }
  const label = [fields.name, fields.key, fields.headerName].find((each) => typeof each === 'string') as
    | string
    | undefined
  const header = label === undefined ? undefined : (/^request\.headers\[(.*)\]$/.exec(label)?.[1] ?? label)
  // Where a token is looked for is no token.
  const secret =
    key !== 'fromHeaders' && header !== undefined && (isSecretHeader(header) || isSecretName(header))
  return Object.fromEntries(
    Object.entries(fields).map(([name, inner]) => {
      const held =
        secret &&
        /^(value|values|notValues|exact|prefix|suffix|regex|exactMatch|stringMatch|rawValue)$/i.test(name)
      // A match on a header of that name: whatever it is compared with.
      const matched = key === 'headers' || key === 'withoutHeaders' || key === 'set' || key === 'add'
      if (held || (matched && isSecretHeader(name))) return [name, all(inner, scrubber)]
      return [name, deep(inner, scrubber, name)]
    }),
  )
}

function deepText(value: string, scrubber: Scrubber, key: string): string {
  if (/^(inline_?code|inline_?string|lua)$/i.test(key)) return scrubber.lua(value)
  if (/^jwks$/i.test(key)) return keySet(value, scrubber)
  if (/^(authorization|cookie|proxy-authorization|x-api-key)$/i.test(key) || isSecretName(key)) {
    return scrubber.fingerprint(value)
  }
  return scrubber.anywhere(value)
}

/** `*`, `Bearer *`, `^Bearer .+$`: that there is one, and not which. */
const presence = /^\^?(\(\?i\))?(Bearer|Basic|Token)?([ *.+$]|\\s)*$/i

function all(value: Value, scrubber: Scrubber): Value {
  if (typeof value === 'string') return presence.test(value) ? value : scrubber.fingerprint(value)
  if (Array.isArray(value)) return value.map((each) => all(each, scrubber))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, all(inner, scrubber)]))
}

/** Private halves go; the mark in their place says that something did. */
function keySet(text: string, scrubber: Scrubber): string {
  try {
    const { keys, ...rest } = JSON.parse(text) as { keys?: unknown }
    if (!Array.isArray(keys)) return scrubber.fingerprint(text)
    let gone = false
    const shown = keys.map((key: Fields) => {
      const secret = Object.entries(key).filter(([name]) => privateMembers.has(name))
      if (secret.length === 0) return key
      gone = true
      const shared = key.kty === 'oct' ? { k: scrubber.digest(String(key.k)) } : {}
      const kept = Object.entries(key).filter(([name]) => !privateMembers.has(name))
      return { ...Object.fromEntries(kept), ...shared, kfdoor: scrubber.fingerprint(JSON.stringify(secret)) }
    })
    return gone ? JSON.stringify({ ...rest, keys: shown }) : text
  } catch {
    // Not JSON: no key anybody can use, and nobody knows what else.
    return scrubber.fingerprint(text)
  }
}

function anonymous(value: Value, scrubber: Scrubber, spellings: ReadonlyMap<string, string>): Value {
  if (typeof value === 'string') {
    let text = value.replace(email, (found) =>
      isServiceName(found) ? found : `user-${scrubber.digest(found).slice(0, 8)}@example.invalid`,
    )
    for (const [spelled, id] of spellings) text = text.replaceAll(spelled, id)
    return text
  }
  if (Array.isArray(value)) return value.map((each) => anonymous(each, scrubber, spellings))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      anonymous(name, scrubber, spellings) as string,
      anonymous(inner, scrubber, spellings),
    ]),
  )
}

/** `image@sha256…` and the like are no addresses. */
function isServiceName(text: string): boolean {
  return /\.(svc|local|internal)$/.test(text)
}

function compact(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
