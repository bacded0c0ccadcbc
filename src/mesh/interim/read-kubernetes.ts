import { fieldsOf } from './fields.ts'
import type {
  ConfigMap,
  InferenceService,
  Meta,
  Profile,
  Role,
  RoleBinding,
  Secret,
  Service,
  Workload,
} from '../model.ts'
import type { Value } from './node.ts'

export function readService(meta: Meta, value: Value): Service {
  const spec = fieldsOf(value)
  return {
    ...meta,
    kind: 'Service',
    type: spec.get('type')?.string() ?? 'ClusterIP',
    selector: spec.get('selector')?.record(),
    clusterIP: spec.get('clusterIP')?.string(),
    externalName: spec.get('externalName')?.string(),
    ports:
      spec.get('ports')?.items()?.map((item) => {
        const port = fieldsOf(item)
        return {
          name: port.get('name')?.string() ?? '',
          port: port.get('port')?.number() ?? 0,
          targetPort: port.get('targetPort')?.numberOrString(),
          nodePort: port.get('nodePort')?.number(),
          protocol: port.get('protocol')?.string() ?? 'TCP',
          appProtocol: port.get('appProtocol')?.string(),
        }
      }) ?? [],
  } // biome-ignore format: chains
}

/** `object` is the whole document: a Pod's template is the Pod itself. */
export function readWorkload(meta: Meta, object: Value): Workload {
  const spec = fieldsOf(object).get('spec')
  const template = meta.kind === 'Pod' ? undefined : spec && fieldsOf(spec).get('template')
  const templateFields = template && fieldsOf(template)
  const podMeta = templateFields?.get('metadata')
  const metaFields = podMeta && fieldsOf(podMeta)
  const podSpec = meta.kind === 'Pod' ? spec : templateFields?.get('spec')
  const pod = podSpec && fieldsOf(podSpec)
  return {
    ...meta,
    podLabels: meta.kind === 'Pod' ? meta.labels : (metaFields?.get('labels')?.record() ?? {}),
    podAnnotations: meta.kind === 'Pod' ? meta.annotations : (metaFields?.get('annotations')?.record() ?? {}),
    serviceAccount:
      pod?.get('serviceAccountName')?.string() ?? pod?.get('serviceAccount')?.string() ?? 'default',
    containers: pod?.get('containers')?.items()?.map(readContainer) ?? [],
  }
}

function readContainer(value: Value): Workload['containers'][number] {
  const container = fieldsOf(value)
  const env: Record<string, string> = {}
  const envRefs: Record<string, { kind: 'configMap' | 'secret'; name: string; key: string }> = {}
  for (const item of container.get('env')?.items() ?? []) {
    const entry = fieldsOf(item)
    const name = entry.get('name')?.string()
    const text = entry.get('value')?.string()
    if (name !== undefined && text !== undefined) env[name] = text
    const from = entry.get('valueFrom')
    const reference = from && readKeyRef(from)
    if (name !== undefined && reference) envRefs[name] = reference
  }
  return {
    name: container.get('name')?.string() ?? '',
    image: container.get('image')?.string() ?? '',
    args: container.get('args')?.strings() ?? [],
    env,
    envRefs,
    envFrom:
      container.get('envFrom')?.items()?.flatMap((item) => {
        const entry = fieldsOf(item)
        const [kind, ref] = entry.get('configMapRef')
          ? (['configMap', entry.get('configMapRef')] as const)
          : (['secret', entry.get('secretRef')] as const)
        const name = ref && fieldsOf(ref).get('name')?.string()
        return name === undefined ? [] : [{ kind, name }]
      }) ?? [],
    ports:
      container.get('ports')?.items()?.map((item) => {
        const port = fieldsOf(item)
        return {
          name: port.get('name')?.string(),
          port: port.get('containerPort')?.number() ?? 0,
          protocol: port.get('protocol')?.string() ?? 'TCP',
        }
      }) ?? [],
  } // biome-ignore format: chains
}

function readKeyRef(value: Value): { kind: 'configMap' | 'secret'; name: string; key: string } | undefined {
  const fields = fieldsOf(value)
  const secret = fields.get('secretKeyRef')
  const reference = secret ?? fields.get('configMapKeyRef')
  if (!reference) return undefined
  const inner = fieldsOf(reference)
  const [name, key] = [inner.get('name')?.string(), inner.get('key')?.string()]
  if (name === undefined || key === undefined) return undefined
  return { kind: secret ? 'secret' : 'configMap', name, key }
}

export function readConfigMap(meta: Meta, object: Value): ConfigMap {
  const data: Record<string, string> = Object.create(null) as Record<string, string>
  const dataAt: Record<string, Meta['at']> = Object.create(null) as Record<string, Meta['at']>
  for (const [key, value] of fieldsOf(object).get('data')?.entries() ?? []) {
    data[key] = value.string() ?? ''
    const nested = value.nested()
    const line = nested?.origin.onlyLine ?? value.at.line + 1
    dataAt[key] = { file: value.at.file, line }
  }
  return { ...meta, kind: 'ConfigMap', data, dataAt }
}

export function readSecret(meta: Meta, object: Value): Secret {
  const fields = fieldsOf(object)
  const data: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [key, value] of fields.get('data')?.entries() ?? []) {
    const text = value.string()?.replace(/\s/g, '') ?? ''
    const bytes = decodeBase64(text)
    if (bytes === undefined) value.problem('bad-base64', `\`${value.path}\` is not base64`)
    data[key] = bytes ?? ''
  }
  for (const [key, value] of fields.get('stringData')?.entries() ?? []) data[key] = value.string() ?? ''
  return { ...meta, kind: 'Secret', type: fields.get('type')?.string() ?? 'Opaque', data }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 (RFC 4648 §4) to text read as UTF-8; without Node's Buffer, which pure rooms do not know. */
function decodeBase64(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  let [bits, held, escaped] = [0, 0, '']
  for (const letter of text.replace(/=+$/, '')) {
    bits = (bits << 6) | alphabet.indexOf(letter)
    held += 6
    if (held >= 8) {
      held -= 8
      escaped += `%${((bits >> held) & 0xff).toString(16).padStart(2, '0')}`
    }
    bits &= (1 << held) - 1
  }
  try {
    return decodeURIComponent(escaped)
  } catch {
    // Not text: a keystore, say. Nothing here reads such.
    return ''
  }
}

export function readRole(meta: Meta, object: Value): Role {
  const fields = fieldsOf(object)
  const aggregation = fields.get('aggregationRule')
  return {
    ...meta,
    kind: meta.kind as Role['kind'],
    rules:
      fields.get('rules')?.items()?.map((item) => {
        const rule = fieldsOf(item)
        return {
          apiGroups: rule.get('apiGroups')?.strings() ?? [],
          resources: rule.get('resources')?.strings() ?? [],
          verbs: rule.get('verbs')?.strings() ?? [],
          resourceNames: rule.get('resourceNames')?.strings() ?? [],
        }
      }) ?? [],
    aggregationLabels:
      (aggregation && fieldsOf(aggregation).get('clusterRoleSelectors')?.items())?.map(
        (item) => fieldsOf(item).get('matchLabels')?.record() ?? {},
      ) ?? [],
  } // biome-ignore format: chains
}

export function readRoleBinding(meta: Meta, object: Value): RoleBinding {
  const fields = fieldsOf(object)
  const ref = fields.get('roleRef')
  const refFields = ref && fieldsOf(ref)
  return {
    ...meta,
    kind: meta.kind as RoleBinding['kind'],
    roleRef: {
      kind: refFields?.get('kind')?.string() ?? '',
      name: refFields?.get('name')?.string() ?? '',
    },
    subjects:
      fields.get('subjects')?.items()?.map((item) => {
        const subject = fieldsOf(item)
        return {
          kind: subject.get('kind')?.string() ?? '',
          name: subject.get('name')?.string() ?? '',
          namespace: subject.get('namespace')?.string(),
        }
      }) ?? [],
  } // biome-ignore format: chains
}

export function readProfile(meta: Meta, value: Value): Profile {
  const owner = fieldsOf(value).get('owner')
  const fields = owner && fieldsOf(owner)
  return {
    ...meta,
    kind: 'Profile',
    owner: { kind: fields?.get('kind')?.string() ?? 'User', name: fields?.get('name')?.string() ?? '' },
  }
}

export function readInferenceService(meta: Meta, object: Value): InferenceService {
  const spec = fieldsOf(object).get('spec')
  const predictor = spec && fieldsOf(spec).get('predictor')
  const predictorFields = predictor && fieldsOf(predictor)
  const model = predictorFields?.get('model')
  const modelFields = model && fieldsOf(model)
  const format = modelFields?.get('modelFormat')
  // Before `model`, each framework had a field of its own: `predictor.sklearn`.
  const legacy = predictorFields?.get('sklearn')
  return {
    ...meta,
    kind: 'InferenceService',
    modelFormat: (format && fieldsOf(format).get('name')?.string()) ?? (legacy ? 'sklearn' : undefined),
    protocolVersion:
      modelFields?.get('protocolVersion')?.string() ??
      (legacy && fieldsOf(legacy).get('protocolVersion')?.string()),
    raw: spec?.raw(),
  }
}
