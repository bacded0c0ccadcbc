import { durationMs, fieldsOf } from './fields.ts'
import type {
  Attachment,
  AuthorizationPolicy,
  AuthorizationRule,
  Condition,
  JwtRule,
  Meta,
  MtlsMode,
  Operation,
  PeerAuthentication,
  RequestAuthentication,
  Source,
  TargetRef,
} from '../model.ts'
import type { Value } from './node.ts'

/** `selector.matchLabels`, and `targetRef` and `targetRefs` as one list. */
export function readAttachment(spec: ReturnType<typeof fieldsOf>): Attachment {
  const single = spec.get('targetRef')
  const several = spec.get('targetRefs')?.items() ?? []
  return {
    selector: readSelector(spec.get('selector')),
    targetRefs: [...(single ? [single] : []), ...several].map(readTargetRef),
  }
}

export function readSelector(value: Value | undefined): Readonly<Record<string, string>> | undefined {
  if (!value) return undefined
  const fields = fieldsOf(value)
  const labels = fields.get('matchLabels')?.record() ?? {}
  fields.done()
  return labels
}

function readTargetRef(value: Value): TargetRef {
  const fields = fieldsOf(value)
  const ref = {
    group: fields.get('group')?.string() ?? '',
    kind: fields.get('kind')?.string() ?? '',
    name: fields.get('name')?.string() ?? '',
    namespace: fields.get('namespace')?.string(),
    at: value.at,
  }
  fields.done()
  return ref
}

const sourceFields = [
  'principals', 'notPrincipals', 'requestPrincipals', 'notRequestPrincipals', 'namespaces', 'notNamespaces',
  'serviceAccounts', 'notServiceAccounts', 'trustDomains', 'notTrustDomains', 'ipBlocks', 'notIpBlocks',
  'remoteIpBlocks', 'notRemoteIpBlocks',
] as const // biome-ignore format: a list

const operationFields = [
  'hosts',
  'notHosts',
  'ports',
  'notPorts',
  'methods',
  'notMethods',
  'paths',
  'notPaths',
] as const

function readLists<N extends string>(
  value: Value,
  names: readonly N[],
): { [K in N]?: ReturnType<Value['texts']> } {
  const fields = fieldsOf(value)
  const lists: { [K in N]?: ReturnType<Value['texts']> } = {}
  for (const name of names) {
    const list = fields.get(name)?.texts()
    if (list) lists[name] = list
  }
  fields.done()
  return lists
}

function readRule(value: Value): AuthorizationRule {
  const fields = fieldsOf(value)
  const rule: AuthorizationRule = {
    at: value.at,
    from: fields.get('from')?.items()?.map((item) => {
      const inner = fieldsOf(item)
      const source = inner.get('source')
      inner.done()
      return { at: item.at, source: source && ({ at: source.at, ...readLists(source, sourceFields) } as Source) }
    }),
    to: fields.get('to')?.items()?.map((item) => {
      const inner = fieldsOf(item)
      const operation = inner.get('operation')
      inner.done()
      return {
        at: item.at,
        operation: operation && ({ at: operation.at, ...readLists(operation, operationFields) } as Operation),
      }
    }),
    when: fields.get('when')?.items()?.map(readCondition),
  } // biome-ignore format: chains
  fields.done()
  return rule
}

function readCondition(value: Value): Condition {
  const fields = fieldsOf(value)
  const condition: Condition = {
    at: value.at,
    key: fields.get('key')?.text() ?? { value: '', at: value.at },
    values: fields.get('values')?.texts(),
    notValues: fields.get('notValues')?.texts(),
  }
  fields.done()
  return condition
}

const actions = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']

export function readAuthorizationPolicy(
  meta: Meta,
  value: Value,
  annotations: Value | undefined,
): AuthorizationPolicy {
  const spec = fieldsOf(value)
  const action = spec.get('action')
  const provider = spec.get('provider')
  const policy: AuthorizationPolicy = {
    ...meta,
    kind: 'AuthorizationPolicy',
    ...readAttachment(spec),
    action: action?.text(),
    provider: provider && fieldsOf(provider).get('name')?.text(),
    rules: spec.get('rules')?.items()?.map(readRule),
    dryRun: annotations?.entries().find(([key]) => key === 'istio.io/dry-run')?.[1].text(),
  } // biome-ignore format: chains
  if (policy.action && !actions.includes(policy.action.value)) {
    action?.problem('unknown-action', `action \`${policy.action.value}\` is not one of ${actions.join(', ')}`)
  }
  spec.done()
  return policy
}

export function readRequestAuthentication(meta: Meta, value: Value): RequestAuthentication {
  const spec = fieldsOf(value)
  const authentication: RequestAuthentication = {
    ...meta,
    kind: 'RequestAuthentication',
    ...readAttachment(spec),
    jwtRules: spec.get('jwtRules')?.items()?.map(readJwtRule) ?? [],
  }
  spec.done()
  return authentication
}

function readJwtRule(value: Value): JwtRule {
  const fields = fieldsOf(value)
  const rule: JwtRule = {
    at: value.at,
    issuer: fields.get('issuer')?.text() ?? { value: '', at: value.at },
    audiences: fields.get('audiences')?.texts() ?? [],
    jwksUri: (fields.get('jwksUri') ?? fields.get('jwks_uri'))?.text(),
    jwks: fields.get('jwks')?.text(),
    fromHeaders:
      fields.get('fromHeaders')?.items()?.map((item) => {
        const inner = fieldsOf(item)
        const header = {
          name: inner.get('name')?.string() ?? '',
          prefix: inner.get('prefix')?.string(),
          at: item.at,
        }
        inner.done()
        return header
      }) ?? [],
    fromParams: fields.get('fromParams')?.texts() ?? [],
    fromCookies: fields.get('fromCookies')?.texts() ?? [],
    outputPayloadToHeader: fields.get('outputPayloadToHeader')?.text(),
    outputClaimToHeaders:
      fields.get('outputClaimToHeaders')?.items()?.map((item) => {
        const inner = fieldsOf(item)
        const claim = {
          header: inner.get('header')?.string() ?? '',
          claim: inner.get('claim')?.string() ?? '',
          at: item.at,
        }
        inner.done()
        return claim
      }) ?? [],
    forwardOriginalToken: fields.get('forwardOriginalToken')?.boolean() ?? false,
    spaceDelimitedClaims: fields.get('spaceDelimitedClaims')?.strings() ?? [],
    timeoutMs: durationMs(fields.get('timeout')),
  } // biome-ignore format: chains
  fields.done()
  return rule
}

const modes: readonly MtlsMode[] = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']

function readMode(value: Value | undefined): { value: MtlsMode; at: Meta['at'] } | undefined {
  const mode = value && fieldsOf(value).get('mode')
  if (!mode) return undefined
  const written = mode.numberOrString()
  const name = typeof written === 'number' ? modes[written] : modes.find((one) => one === written)
  if (!name) mode.problem('unknown-mode', `mTLS mode \`${written}\` is not one of ${modes.join(', ')}`)
  return name && { value: name, at: mode.at }
}

export function readPeerAuthentication(meta: Meta, value: Value): PeerAuthentication {
  const spec = fieldsOf(value)
  const ports: Record<number, { value: MtlsMode; at: Meta['at'] }> = {}
  for (const [port, setting] of spec.get('portLevelMtls')?.entries() ?? []) {
    const mode = readMode(setting)
    if (mode) ports[Number(port)] = mode
  }
  const authentication: PeerAuthentication = {
    ...meta,
    kind: 'PeerAuthentication',
    selector: readSelector(spec.get('selector')),
    mtls: readMode(spec.get('mtls')),
    portLevelMtls: ports,
  }
  spec.done()
  return authentication
}
