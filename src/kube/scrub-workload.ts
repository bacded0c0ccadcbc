/** Of a workload what says which program runs as whom, and how it is set: environment and command line. */
import { cleanMetadata } from './scrub-metadata.ts'
import type { Scrubber } from './scrub-text.ts'
import { isSecretName, mayStay } from './secret-names.ts'

type Value = unknown
type Fields = Record<string, Value>

export function workloadSpec(spec: Fields | undefined, scrubber: Scrubber): Value {
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

export function variables(env: Value, scrubber: Scrubber): Value {
  if (!Array.isArray(env)) return undefined
  return (env as { name: string; value?: string }[]).map((each) => {
    const { name, value } = each
    if (typeof value !== 'string') return each
    const kept = mayStay(String(name), value) || /^\$\([\w.-]+\)$/.test(value)
    return { ...each, value: kept ? scrubber.within(value) : scrubber.fingerprint(value) }
  })
}

/** `--client-secret=…`, `--client-secret …`, `export PASSWORD=…`. */
export function words(list: Value, scrubber: Scrubber): Value {
  if (!Array.isArray(list)) return undefined
  const asksAfterP = list.some((each) => /(^|\/)(mysql\w*|mariadb\w*|sshpass)$/.test(String(each)))
  return list.map((each, index) => {
    const word = String(each)
    const found = /^(--?([A-Za-z0-9_.-]+)=)([\s\S]+)$/.exec(word)
    if (found?.[1] !== undefined && isSecretName(found[2] ?? '') && !/^(true|false)$/.test(found[3] ?? '')) {
      return `${found[1]}${scrubber.fingerprint(found[3] ?? '')}`
    }
    const flag = /^--?([A-Za-z0-9_.-]+)$/.exec(String(list[index - 1] ?? ''))?.[1]
    if (flag !== undefined && isSecretName(flag) && !word.startsWith('-')) return scrubber.fingerprint(word)
    if (asksAfterP && (/^-p.+/.test(word) || flag === 'p')) {
      return word.startsWith('-p') ? `-p${scrubber.fingerprint(word.slice(2))}` : scrubber.fingerprint(word)
    }
    if (flag !== undefined && /^(u|user|proxy-user)$/.test(flag) && /^[^:]+:./.test(word)) {
      return word.replace(/:(.*)$/s, (_, value: string) => `:${scrubber.fingerprint(value)}`)
    }
    return scrubber.anywhere(word)
  })
}

function compact(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
