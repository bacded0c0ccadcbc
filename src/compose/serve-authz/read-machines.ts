import { RE2JS } from 're2js'
import type { Field } from '../../issuer/index.ts'
import type { Reading } from './read-settings.ts'
import type { ClaimSettings, IssuerSettings, KubernetesSettings, MachineSettings } from './settings.ts'

const CLAIMS = [
  'userClaim',
  'groupsClaim',
  'userPrefix',
  'groupsPrefix',
  'transformers',
  'requiredClaims',
  'allowedGroups',
  'allowedUsers',
]

/** What Kubernetes calls itself in tokens: with the cluster's domain, and without. */
const CLUSTER_ISSUERS = ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc']

/** `machines`: whose bearer tokens are taken, for which audiences, and who they become. */
export function readMachines(field: Field, reading: Reading): MachineSettings {
  field.only(['issuers', 'kubernetes'])
  const issuers = field
    .get('issuers')
    .list()
    .flatMap((one) => readIssuer(one, reading))
  const kubernetes = field.get('kubernetes')
  return { issuers, ...(kubernetes.present && { kubernetes: readKubernetes(kubernetes, reading) }) }
}

function readIssuer(field: Field, reading: Reading): readonly IssuerSettings[] {
  field.only(['issuer', 'aliases', 'audiences', 'jwksUri', 'jwksFile', ...CLAIMS])
  const issuer = field.get('issuer').text()
  if (issuer === '') field.complain('error', 'missing-setting', 'has no `issuer`')
  const jwksUri = reading.optional(field.get('jwksUri'))
  const jwksFile = reading.optional(field.get('jwksFile'))
  if (jwksUri !== undefined && !URL.canParse(jwksUri))
    reading.complain(field.get('jwksUri'), undefined, 'is not a URL')
  if (jwksUri !== undefined && jwksFile !== undefined)
    reading.complain(field.get('jwksFile'), undefined, 'stands beside `jwksUri`; one of them')
  const one = {
    audiences: readAudiences(field, reading),
    ...(jwksUri !== undefined && { jwksUri }),
    ...(jwksFile !== undefined && { jwksFile }),
    ...readClaims(field, 'email'),
  }
  return [issuer, ...field.get('aliases').texts()].map((name) => ({ ...one, issuer: name }))
}

function readKubernetes(field: Field, reading: Reading): KubernetesSettings {
  field.only([
    'audiences',
    'issuers',
    'verify',
    'server',
    'tokenFile',
    'caFile',
    'kubeconfig',
    'context',
    ...CLAIMS,
  ])
  const issuers = field.get('issuers').texts()
  const optional = (name: 'server' | 'tokenFile' | 'caFile' | 'kubeconfig' | 'context') => {
    const value = reading.optional(field.get(name))
    return value === undefined ? {} : { [name]: value }
  }
  return {
    audiences: readAudiences(field, reading),
    issuers: issuers.length > 0 ? issuers : CLUSTER_ISSUERS,
    verify: reading.choice(field.get('verify'), undefined, ['jwks', 'token-review'], 'jwks'),
    ...optional('server'),
    ...optional('tokenFile'),
    ...optional('caFile'),
    ...optional('kubeconfig'),
    ...optional('context'),
    ...readClaims(field, 'sub'),
  }
}

/** Without one a token made for anybody would open this door. */
function readAudiences(field: Field, reading: Reading): readonly string[] {
  const audiences = reading.texts(field.get('audiences'))
  if (audiences.length === 0) field.complain('error', 'missing-setting', 'has no `audiences`')
  return audiences
}

function readClaims(field: Field, user: string): ClaimSettings {
  const required = field.get('requiredClaims')
  const names = required.isMapping ? required.keys() : []
  return {
    userClaim: field.get('userClaim').text(user),
    groupsClaim: field.get('groupsClaim').text('groups'),
    userPrefix: field.get('userPrefix').text(''),
    groupsPrefix: field.get('groupsPrefix').text(''),
    transformers: field
      .get('transformers')
      .list()
      .map((one) => {
        one.only(['matches', 'replaces'])
        const matches = one.get('matches').text()
        try {
          if (matches.length > 1024) throw new Error('it is longer than 1024 characters')
          RE2JS.compile(matches)
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          one.get('matches').complain('error', 'bad-pattern', `is no Go regular expression: ${reason}`)
        }
        return { matches, replaces: one.get('replaces').text('') }
      }),
    requiredClaims: Object.fromEntries(names.map((name) => [name, required.get(name).texts()])),
    allowedGroups: field.get('allowedGroups').texts(),
    allowedUsers: field.get('allowedUsers').texts(),
  }
}
