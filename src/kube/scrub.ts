import { X509Certificate } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from './resources.ts'
import { deep } from './scrub-deep.ts'
import { cleanMetadata, mapText } from './scrub-metadata.ts'
import { Scrubber } from './scrub-text.ts'
import { workloadSpec } from './scrub-workload.ts'

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

/** Also as a URL writes one. */
const email = /[A-Za-z0-9._+-]+(?:%2B[A-Za-z0-9._+-]+)*(?:@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/gi

/**
 * One object without what a door’s YAML must not carry out of a cluster: Secrets’ values, passwords and
 * hashes in ConfigMaps, literals of environments, Lua, Authorization a route sets, keys inside policies,
 * managed fields and status. Where equality matters a fingerprint stays. On doubt a text goes.
 */
export function scrub(object: KubeObject, options: ScrubOptions): KubeObject {
  const scrubber = new Scrubber(options.key)
  const { status: _, ...rest } = structuredClone(object) as Fields
  const metadata = rest.metadata as Fields | undefined
  if (metadata) rest.metadata = cleanMetadata(metadata, scrubber, rest.kind === 'Secret')
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

/** A text without the addresses of people. */
export function withoutAddresses(text: string, { key }: Pick<ScrubOptions, 'key'>): string {
  const scrubber = new Scrubber(key)
  return text.replace(email, (found) => standInFor(found, scrubber))
}

function standInFor(address: string, scrubber: Scrubber): string {
  if (isServiceName(address)) return address
  const plain = address.replace(/%40/i, '@').replace(/%2B/gi, '+')
  return `user-${scrubber.digest(plain).slice(0, 8)}@example.invalid`
}

function anonymous(value: Value, scrubber: Scrubber, spellings: ReadonlyMap<string, string>): Value {
  if (typeof value === 'string') {
    let text = value.replace(email, (found) => standInFor(found, scrubber))
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
