import { createHmac, X509Certificate } from 'node:crypto'
import { isPublishedSecret } from '../lint/index.ts'
import type { KubeObject } from './resources.ts'

export interface ScrubOptions {
  /** Of this snapshot alone: equal values can be told within it, and none can be looked up. */
  readonly key: Buffer
  /** E-mail addresses too. */
  readonly anonymize: boolean
}

type Value = unknown
type Fields = Record<string, Value>

/** Annotations that repeat a whole object, or name people for no purpose here. */
const noise =
  /^(kubectl\.kubernetes\.io\/last-applied-configuration|kustomize\.toolkit\.fluxcd\.io\/|argocd\.argoproj\.io\/tracking-id|meta\.helm\.sh\/)/

/** Whether a reading leaves this annotation out. */
export const isNoise = (annotation: string): boolean => noise.test(annotation)

/** Keys under which configurations keep what nobody else may know. */
const secretKey =
  /(secret|password|passwd|passphrase|token|bindpw|hash|private[-_]?key|api[-_]?key|credential|client[-_]?secret|cookie[-_]?secret|signing[-_]?key|connection[-_]?url|dsn)$/i

/** These end like secrets and are none: names, addresses, switches the rules read. */
const plainKey =
  /^(secretname|secretkeyref|credentialname|credentialnames|hashfromenv|secretenv|idenv|imagepullsecrets|automountserviceaccounttoken|forwardoriginaltoken|serviceaccounttoken|skip_jwt_bearer_tokens|enable_m2m_tokens|oidc_extra_audiences|set_authorization_header|pass_access_token|userid_token_header)$/i

const email = /[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/g

/**
 * One object without what a door’s YAML must not carry out of a cluster: Secrets’ values, passwords and
 * hashes in ConfigMaps, literals of environments, Lua, Authorization a route sets, managed fields and
 * status. Where equality matters a fingerprint stays.
 */
export function scrub(object: KubeObject, options: ScrubOptions): KubeObject {
  const { status: _, ...rest } = structuredClone(object) as Fields
  const metadata = rest.metadata as Fields | undefined
  if (metadata) rest.metadata = cleanMetadata(metadata)
  switch (rest.kind) {
    case 'Secret':
      return secretOf(rest, options)
    case 'ConfigMap':
      rest.data = mapText(rest.data, (text, key) => scrubText(text, key, options))
      break
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'Pod':
      rest.spec = workloadSpec(rest.spec as Fields | undefined, options)
      break
    case 'EnvoyFilter':
    case 'VirtualService':
      rest.spec = deep(rest.spec, options)
      break
  }
  return (options.anonymize ? anonymous(rest, options) : rest) as KubeObject
}

function fingerprint(value: string, { key }: ScrubOptions): string {
  // What everybody can read in the manifests stays: that it is in use is a finding.
  if (isPublishedSecret(value)) return value
  return `scrubbed:${createHmac('sha256', key).update(value).digest('hex').slice(0, 16)}`
}

function cleanMetadata(metadata: Fields): Fields {
  const { managedFields: _, uid: __, resourceVersion: ___, generation: ____, ...rest } = metadata
  const annotations = rest.annotations as Fields | undefined
  if (annotations) {
    rest.annotations = Object.fromEntries(Object.entries(annotations).filter(([name]) => !isNoise(name)))
  }
  return rest
}

/** A Secret keeps its name and type; of a TLS Secret its certificate, which every client is shown anyway. */
function secretOf(secret: Fields, options: ScrubOptions): KubeObject {
  const { data = {}, stringData: _, ...rest } = secret
  const certificate = (data as Record<string, string>)['tls.crt']
  const pem = certificate === undefined ? undefined : Buffer.from(certificate, 'base64').toString('utf8')
  if (pem === undefined || !isCertificate(pem)) {
    const keys = Object.entries(data as Record<string, string>)
    return {
      ...rest,
      data: Object.fromEntries(
        keys.map(([name, value]) => [name, encoded(fingerprint(decoded(value), options))]),
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

/** `name: value`, `name = "value"` and whole values under a telling key; lines that are neither stay. */
function scrubText(text: string, key: string, options: ScrubOptions): string {
  if (isSecretKey(key) && !text.includes('\n')) return text === '' ? text : fingerprint(text, options)
  return text
    .split('\n')
    .map((line) => {
      const found = /^(\s*(?:-\s+)?["']?([A-Za-z0-9_.-]+)["']?\s*[:=]\s*)(["']?)(.+?)\3(\s*,?\s*)$/.exec(line)
      if (found === null) return bearer(line, options)
      const [, before = '', name = '', quote = '', value = '', after = ''] = found
      if (!isSecretKey(name) || /^[[{|>&*]/.test(value) || /^\$[A-Z_{]/.test(value))
        return bearer(line, options)
      return `${before}${quote}${fingerprint(value, options)}${quote}${after}`
    })
    .join('\n')
}

function isSecretKey(name: string): boolean {
  return secretKey.test(name) && !plainKey.test(name.replace(/^.*\./, ''))
}

/** `Basic …`, `Bearer …` and passwords in URLs, wherever they stand. */
function bearer(text: string, options: ScrubOptions): string {
  return text
    .replace(
      /\b(Bearer|Basic)\s+([A-Za-z0-9._~+/-]{8,}=*)/g,
      (_all, scheme: string, value: string) => `${scheme} ${fingerprint(value, options)}`,
    )
    .replace(
      /(\w+:\/\/[^\s:/@"']+:)([^\s@/"']+)@/g,
      (_all, before: string, value: string) => `${before}${fingerprint(value, options)}@`,
    )
}

function workloadSpec(spec: Fields | undefined, options: ScrubOptions): Value {
  if (spec === undefined) return spec
  const template = spec.template as { readonly metadata?: Fields; readonly spec?: Fields } | undefined
  if (template !== undefined) {
    const { replicas, selector, serviceName } = spec
    const metadata = template.metadata && cleanMetadata(template.metadata)
    return compact({
      replicas,
      selector,
      serviceName,
      template: { metadata, spec: podSpec(template.spec, options) },
    })
  }
  return podSpec(spec, options)
}

/** Of a pod only what says which program runs as whom, and how it is set. */
function podSpec(spec: Fields | undefined, options: ScrubOptions): Value {
  const containers = (list: Value) =>
    Array.isArray(list) ? list.map((each) => container(each as Fields, options)) : undefined
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

function container(one: Fields, options: ScrubOptions): Fields {
  const { name, image, args, command, env, envFrom, ports } = one
  const words = (list: Value) =>
    Array.isArray(list) ? list.map((word) => argument(String(word), options)) : undefined
  return compact({
    name,
    image,
    command: words(command),
    args: words(args),
    envFrom,
    ports,
    env: Array.isArray(env)
      ? (env as { name: string; value?: string }[]).map((each) =>
          typeof each.value === 'string' && isSecretKey(each.name)
            ? { ...each, value: fingerprint(each.value, options) }
            : typeof each.value === 'string'
              ? { ...each, value: bearer(each.value, options) }
              : each,
        )
      : undefined,
  })
}

/** `--client-secret=…` */
function argument(word: string, options: ScrubOptions): string {
  const found = /^(--?([A-Za-z0-9_-]+)=)(.+)$/.exec(word)
  if (found?.[1] !== undefined && isSecretKey(found[2] ?? ''))
    return `${found[1]}${fingerprint(found[3] ?? '', options)}`
  return bearer(word, options)
}

/** Texts under telling keys and Lua anywhere in an object; headers a route sets. */
function deep(value: Value, options: ScrubOptions, key = ''): Value {
  if (typeof value === 'string') {
    if (/^(inline_?code|inline_?string)$/i.test(key)) return lua(value, options)
    if (/^(authorization|cookie|proxy-authorization|x-api-key)$/i.test(key) || isSecretKey(key)) {
      return fingerprint(value, options)
    }
    return bearer(value, options)
  }
  if (Array.isArray(value)) return value.map((each) => deep(each, options, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, deep(inner, options, name)]))
}

/** A script that only moves headers is read by the engine and holds no secret; literals of others go. */
function lua(text: string, options: ScrubOptions): string {
  return text.replace(
    /(["'])([^"'\n]{20,})\1/g,
    (_all, quote: string, literal: string) => `${quote}${fingerprint(literal, options)}${quote}`,
  )
}

function anonymous(value: Value, options: ScrubOptions): Value {
  if (typeof value === 'string') {
    return value.replace(email, (found) =>
      isServiceName(found) ? found : `user-${fingerprint(found, options).slice(9, 17)}@example.invalid`,
    )
  }
  if (Array.isArray(value)) return value.map((each) => anonymous(each, options))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      anonymous(name, options) as string,
      anonymous(inner, options),
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
