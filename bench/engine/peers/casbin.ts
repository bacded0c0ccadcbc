import type { BenchInput, BenchRule } from '../rules.ts'

interface Enforcer {
  addPolicies(rules: readonly (readonly string[])[]): Promise<boolean>
  addFunction(name: string, test: (...values: never[]) => boolean): Promise<void>
  enforceSync(...request: unknown[]): boolean
}
interface Casbin {
  newModelFromString(text: string): unknown
  newEnforcer(model: unknown): Promise<Enforcer>
}

const model = `
[request_definition]
r = path, method, principal, groups
[policy_definition]
p = kind, path, methods, principal, group, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = pathIs(r.path, p.kind, p.path) && methodIn(r.method, p.methods) && (p.principal == "*" || p.principal == r.principal) && groupIn(r.groups, p.group)
`

/** casbin with the tests of paths, methods and groups as functions of the matcher. */
export async function casbinEngine(
  rules: readonly BenchRule[],
  peers: NodeJS.Require,
): Promise<(input: BenchInput) => boolean> {
  const casbin = peers('casbin') as Casbin
  const enforcer = await casbin.newEnforcer(casbin.newModelFromString(model))
  await enforcer.addFunction('pathIs', (path: string, kind: string, text: string) =>
    kind === 'exact' ? path === text : kind === 'prefix' ? path.startsWith(text) : path.endsWith(text),
  )
  await enforcer.addFunction(
    'methodIn',
    (method: string, methods: string) => methods === '' || methods.split(' ').includes(method),
  )
  await enforcer.addFunction(
    'groupIn',
    (groups: readonly string[], group: string) => group === '' || groups.includes(group),
  )
  const lines = rules.map(({ action, path, methods, principal = '*', group = '' }, index) => [
    path.kind,
    path.text,
    methods.join(' '),
    principal,
    group,
    action === 'DENY' ? 'deny' : 'allow',
    // casbin drops lines that are equal.
    String(index),
  ])
  await enforcer.addPolicies(lines)
  return ({ path, method, principal, groups }) => enforcer.enforceSync(path, method, principal, groups)
}
