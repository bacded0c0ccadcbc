/**
 * Who may stand before a door, found in its own YAML: nobody known, the people of Profiles and
 * bindings, service accounts with tokens good and bad, pods with and without a sidecar; each also
 * with a forged identity header.
 */
import type { Mesh } from '../mesh/index.ts'
import { kubernetesIssuer, type Principal, sessionIssuer } from '../policy/index.ts'
import { nameOf } from './caller.ts'

/** Stands for anybody who can sign in and owns nothing here. */
const stranger = 'somebody-else@example.com'

export function findPrincipals(mesh: Mesh): readonly Principal[] {
  const found = new Map<string, Principal>()
  const add = (principal: Principal) => {
    for (const forged of [false, true]) {
      const each = { ...principal, forged }
      found.set(nameOf(each), each)
    }
  }
  const forged = false
  add({ kind: 'anonymous', forged })
  const { users, groups } = people(mesh)
  for (const email of users) add({ kind: 'user', email, groups: [], forged })
  for (const group of groups) add({ kind: 'user', email: `member@${domain}`, groups: [group], forged })
  add({ kind: 'user', email: stranger, groups: [], forged })
  const accounts = tokenAccounts(mesh)
  for (const { namespace, name } of accounts) add({ kind: 'service-account', namespace, name, forged })
  const [some = { namespace: 'default', name: 'default' }] = accounts
  const account = { kind: 'service-account', ...some, forged } as const
  // Where no token is read they are callers with a header more, and fare as such.
  add({ ...account, issuer: 'https://unknown-issuer.example' })
  // Whoever has a token of an issuer trusted beside Kubernetes and the sign-in's own.
  for (const issuer of otherIssuers(mesh)) add({ ...account, issuer })
  add({ ...account, audience: 'wrong-audience' })
  add({ ...account, expired: true })
  for (const { namespace, name } of meshAccounts(mesh)) add({ kind: 'mesh', namespace, name, forged })
  add({ kind: 'outside', forged })
  return [...found.values()]
}

const domain = 'example.com'

function otherIssuers(mesh: Mesh): readonly string[] {
  const own = [kubernetesIssuer, sessionIssuer(mesh), '']
  const trusted = mesh.requestAuthentications.flatMap(({ jwtRules }) =>
    jwtRules.map(({ issuer }) => issuer.value),
  )
  return [...new Set(trusted)].filter((issuer) => !own.includes(issuer) && !/[,+]/.test(issuer)).sort()
}

function people(mesh: Mesh): { readonly users: ReadonlySet<string>; readonly groups: ReadonlySet<string> } {
  const users = new Set<string>()
  const groups = new Set<string>()
  const user = (name: string) => {
    if (/^[^\s,*]+@[^\s,*]+$/.test(name)) users.add(name)
  }
  for (const { owner } of mesh.profiles) if (owner.kind === 'User') user(owner.name)
  for (const { subjects } of mesh.roleBindings) {
    for (const { kind, name } of subjects) {
      if (kind === 'User') user(name)
      if (kind === 'Group' && !name.startsWith('system:') && /^[\w.-]+$/.test(name)) groups.add(name)
    }
  }
  for (const policy of mesh.authorizationPolicies) {
    for (const rule of policy.rules ?? []) {
      for (const { key, values = [], notValues = [] } of rule.when ?? []) {
        for (const { value } of [...values, ...notValues]) {
          user(value)
          if (/claims\[groups\]$/.test(key.value) && /^[\w.-]+$/.test(value)) groups.add(value)
        }
      }
    }
  }
  return { users, groups }
}

interface Account {
  readonly namespace: string
  readonly name: string
}

const sorted = (accounts: ReadonlyMap<string, Account>) =>
  [...accounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, account]) => account)

/** Accounts whose tokens somebody may send to the door: those named, bound or written. */
function tokenAccounts(mesh: Mesh): readonly Account[] {
  const found = new Map<string, Account>()
  const add = (namespace: string, name: string) => {
    if (/^[a-z0-9.-]+$/.test(namespace + name)) found.set(`${namespace}/${name}`, { namespace, name })
  }
  for (const { namespace, name } of mesh.serviceAccounts) add(namespace, name)
  for (const { namespace, subjects } of mesh.roleBindings) {
    for (const subject of subjects) {
      if (subject.kind === 'ServiceAccount') add(subject.namespace ?? namespace, subject.name)
    }
  }
  for (const text of texts(mesh)) {
    const account = /system:serviceaccount:([^:*]+):([^:*/]+)$/.exec(text)
    if (account !== null) add(account[1] as string, account[2] as string)
  }
  for (const { name } of mesh.profiles) add(name, 'default-editor')
  return sorted(found)
}

/** Pods' identities: those policies name, and those of workloads. */
function meshAccounts(mesh: Mesh): readonly Account[] {
  const found = new Map<string, Account>()
  const add = (namespace: string, name: string) => found.set(`${namespace}/${name}`, { namespace, name })
  for (const text of texts(mesh)) {
    const account = /(?:^|\/)ns\/([^/*]+)\/sa\/([^/*]+)$/.exec(text)
    if (account !== null) add(account[1] as string, account[2] as string)
  }
  for (const { namespace, serviceAccount } of mesh.workloads) add(namespace, serviceAccount || 'default')
  for (const { namespace, name } of mesh.serviceAccounts) add(namespace, name)
  return sorted(found)
}

/** Every value of every rule. */
function texts(mesh: Mesh): readonly string[] {
  return mesh.authorizationPolicies.flatMap((policy) =>
    (policy.rules ?? []).flatMap((rule) => [
      ...(rule.from ?? []).flatMap(({ source }) =>
        [
          source?.principals,
          source?.notPrincipals,
          source?.requestPrincipals,
          source?.notRequestPrincipals,
        ].flatMap((list) => (list ?? []).map(({ value }) => value)),
      ),
      ...(rule.when ?? []).flatMap(({ values = [], notValues = [] }) =>
        [...values, ...notValues].map(({ value }) => value),
      ),
    ]),
  )
}
