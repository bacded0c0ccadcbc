import { Fault, parseUntil } from '../../base/index.ts'
import {
  type ExposeAsk,
  type Grantee,
  type PipelinesGrantee,
  parseGrantee,
  refuseKeysUrl,
  type SubjectKind,
  usualAudience,
} from '../../planner/index.ts'

export interface ExposeOptions {
  readonly to?: readonly string[]
  readonly namespace?: string
  readonly audience?: string
  readonly methods?: string
  readonly host?: string
  readonly path?: string
  readonly public?: boolean
  readonly yesAnyoneWithTheUrl?: boolean
  readonly gateway?: string
  readonly jwksUri?: string
  readonly issuer?: readonly string[]
  readonly protocol?: string
  readonly port?: string
  readonly until?: string
  readonly timeout?: string
}

export interface Subject {
  readonly kind: SubjectKind
  readonly name: string
  readonly namespace?: string
}

function wrong(message: string, next: string): never {
  throw new Fault('ERR_USAGE', { message, next })
}

/** `iris`, `team-a/iris`, `notebook/mine`, `service/api`, `service/team-a/api`. */
export function readSubject(text: string, namespace: string | undefined): Subject {
  const kinds: Readonly<Record<string, SubjectKind>> = {
    model: 'model',
    notebook: 'notebook',
    service: 'service',
    svc: 'service',
  }
  const parts = text.split('/')
  const kind = parts.length > 1 ? kinds[parts[0] as string] : undefined
  const rest = kind === undefined ? parts : parts.slice(1)
  const name = rest.pop() ?? ''
  const [where = namespace, more] = rest
  const isName = (word: string) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(word)
  if (more !== undefined || !isName(name) || (where !== undefined && !isName(where))) {
    wrong(
      `\`${text}\` names nothing that can be exposed`,
      'write NAME, NAMESPACE/NAME, notebook/NAME, service/NAME or pipelines',
    )
  }
  if (where !== undefined && namespace !== undefined && where !== namespace) {
    wrong(`\`${text}\` is in another namespace than \`-n ${namespace}\``, 'say one of them')
  }
  return { kind: kind ?? 'model', name, ...(where !== undefined && { namespace: where }) }
}

/** What would be believed to say something of that kind. */
const meaningless: Readonly<Record<SubjectKind, readonly (keyof ExposeOptions)[]>> = {
  model: ['port'],
  notebook: ['path', 'host', 'protocol', 'timeout'],
  service: ['protocol'],
}
/** Pipelines have a way through the door already. */
const ofAWay: readonly (keyof ExposeOptions)[] = [
  'audience',
  'methods',
  'host',
  'path',
  'public',
  'yesAnyoneWithTheUrl',
  'gateway',
  'jwksUri',
  'issuer',
  'protocol',
  'port',
  'timeout',
]

/** @throws Fault ERR_USAGE */
export function refuseMeaningless(what: SubjectKind | 'pipelines', given: ExposeOptions): void {
  const none = what === 'pipelines' ? ofAWay : meaningless[what]
  const found = none.find((name) => given[name] !== undefined)
  if (found === undefined) return
  const flag = `--${found.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  wrong(`\`${flag}\` says nothing about ${what === 'pipelines' ? 'Pipelines' : `a ${what}`}`, 'leave it out')
}

/** `notebooks:NS` or `sa:NS/NAME`. @throws Fault ERR_USAGE */
export function readPipelinesGrantees(to: readonly string[] = []): readonly PipelinesGrantee[] {
  if (to.length === 0) wrong('nobody is named', 'say `--to notebooks:NAMESPACE` or `--to sa:NAMESPACE/NAME`')
  return to.map((text) => {
    const notebooks = /^notebooks:([a-z0-9]([a-z0-9-]*[a-z0-9])?)$/.exec(text)
    if (notebooks !== null) return { kind: 'notebooks', namespace: notebooks[1] as string }
    const grantee = parseGrantee(text)
    return grantee?.kind === 'sa'
      ? grantee
      : wrong(`\`${text}\` cannot be given Pipelines`, 'write notebooks:NAMESPACE or sa:NAMESPACE/NAME')
  })
}

/** @throws Fault ERR_USAGE with what is wrong */
export function readUntil(until: string | undefined, now = Date.now()): { readonly until?: string } {
  if (until === undefined) return {}
  const ends = parseUntil(until)
  if (ends === undefined) {
    wrong(
      `\`${until}\` is no date, nor a time with its zone`,
      'write it as `2030-12-31`, or as `2030-12-31T18:00:00+09:00`',
    )
  }
  if (ends * 1000 <= now) wrong(`\`${until}\` is past`, 'give a day to come, or leave `--until` out')
  return { until }
}

/** @throws Fault ERR_USAGE with what is wrong */
export function readExpose(text: string, options: ExposeOptions): ExposeAsk {
  const subject = readSubject(text, options.namespace)
  refuseMeaningless(subject.kind, options)
  const to = [...new Set(options.to)].map(readGrantee)
  const open = options.public === true
  if (open && !options.yesAnyoneWithTheUrl) {
    wrong(
      '`--public` lets in anyone who has the URL, whoever that is',
      'name callers with `--to`, or say `--public --yes-anyone-with-the-url`',
    )
  }
  if (open && to.length > 0)
    wrong('`--public` is for everybody and `--to` is for somebody', 'say one of them')
  if (!open && to.length === 0) {
    wrong('nobody is named', 'say `--to sa:NS/NAME`, `--to user:EMAIL` or `--to group:NAME`; repeatable')
  }
  const { path, host } = options
  if (path !== undefined && host !== undefined) wrong('`--path` and `--host` are two ways', 'say one of them')
  if (path !== undefined && !/^(\/[A-Za-z0-9._~-]+)+\/?$/.test(path)) {
    wrong(`\`${path}\` is no path to expose something at`, 'write it as `/serving/team-a/iris`')
  }
  if (path?.split('/').some((part) => part === '.' || part === '..')) {
    wrong(`\`${path}\` has a part the gateway takes out of paths`, 'write it as `/serving/team-a/iris`')
  }
  if (
    host !== undefined &&
    (host.length > 253 || !/^(?=.*\.)[a-z0-9-.]+$/.test(host) || !host.split('.').every(isLabel))
  ) {
    wrong(`\`${host}\` is no host of its own`, 'write it as `iris.example.com`')
  }
  const { protocol, gateway, timeout = '300s' } = options
  if (protocol !== undefined && protocol !== 'v1' && protocol !== 'v2' && protocol !== 'openai') {
    wrong(`\`${protocol}\` is no protocol of a model`, 'use v1, v2 or openai')
  }
  if (gateway !== undefined && !/^[^/]+\/[^/]+$/.test(gateway)) {
    wrong(`\`${gateway}\` names no Gateway`, 'write it as `kubeflow/kubeflow-gateway`')
  }
  readTimeout(timeout)
  if (options.jwksUri !== undefined) refuseKeysUrl(options.jwksUri)
  const asked = options.methods?.toUpperCase().split(',')
  const methods = asked && [...new Set(asked)]
  if (methods?.some((method) => !/^[A-Z]+$/.test(method))) {
    wrong(`\`${options.methods}\` are no methods`, 'write them as `GET,POST`')
  }
  return {
    ...subject,
    to,
    public: open,
    audience: readWord(options.audience ?? usualAudience, 'audience'),
    timeout,
    ...(methods && { methods }),
    ...(host !== undefined && { host }),
    ...(path !== undefined && { path: path.replace(/\/$/, '') }),
    ...(gateway !== undefined && { gateway }),
    ...(options.jwksUri !== undefined && { jwksUri: options.jwksUri }),
    ...(options.issuer && { issuers: options.issuer.map((each) => readWord(each, 'issuer')) }),
    ...(protocol !== undefined && { protocol }),
    ...(options.port !== undefined && { port: readPort(options.port) }),
    ...readUntil(options.until),
  }
}

/** At least a millisecond, and no more than a duration of Kubernetes holds. */
function readTimeout(timeout: string): void {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(timeout) ?? []
  const ms = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN)
  if (!(ms >= 1 && ms <= 2_562_047 * 3_600_000)) wrong(`\`${timeout}\` is no duration`, 'write it as `300s`')
}

const isLabel = (text: string) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)

function readGrantee(text: string): Grantee {
  return (
    parseGrantee(text) ??
    wrong(
      `\`${text}\` is nobody a thing can be exposed to`,
      'write sa:NAMESPACE/NAME, user:EMAIL or group:NAME',
    )
  )
}

function readWord(text: string, what: string): string {
  return text !== '' && !/[\s*]/.test(text)
    ? text
    : wrong(`\`${text}\` is no ${what}`, 'give one without spaces and stars')
}

function readPort(text: string): number {
  const port = Number(text)
  return Number.isInteger(port) && port > 0 && port < 65_536
    ? port
    : wrong(`\`${text}\` is no port`, 'give a number')
}
