/**
 * Kubeflow's access management beside the profile controller (components/access-management/kfam,
 * api_default.go): everybody may ask, and only a Profile's owner or a cluster admin may change.
 */
import type { Workload } from '../../mesh/index.ts'
import { type Application, type Arrival, containerOf, Visit } from './application.ts'

const image = /(^|\/)(kfam|access-management)(:|@|$)/

export function isAccessManagement(workload: Workload): boolean {
  return containerOf(workload, image) !== undefined
}

export function visitAccessManagement(arrival: Arrival): Application {
  const visit = new Visit(arrival)
  const path = (arrival.path.split('?', 1)[0] ?? '').replace(/\/$/, '')
  const call = /^\/kfam\/v1\/(bindings|profiles)(?:\/([^/]+))?$/.exec(path)
  if (arrival.method === 'GET') {
    visit.step('passed', 'open-call', 'kfam answers questions to everybody that reaches it')
    return visit.end('allow', 'open-call')
  }
  if (call === null) return visit.undecided('call-unknown', `what kfam does on ${path} is not known here`)
  const user = userOf(visit, argumentsOf(arrival.workload))
  if (user === undefined) return visit.refuse('identity-missing', 403, 'no header says who calls')
  if (user === argumentsOf(arrival.workload).get('cluster-admin')) {
    visit.step('matched', 'cluster-admin', `${user} is kfam's cluster admin`)
    return visit.end('allow', 'cluster-admin')
  }
  const namespace = call[1] === 'profiles' ? call[2] : referredNamespace(arrival.body)
  if (call[1] === 'profiles' && arrival.method === 'POST') {
    return visit.undecided('call-unknown', 'who may create a Profile depends on its own owner field')
  }
  if (namespace === undefined) {
    return visit.undecided('namespace-unknown', 'the namespace stands in a body that was not given')
  }
  const profile = arrival.mesh.profiles.find(({ name }) => name === namespace)
  if (profile === undefined) {
    return visit.undecided('profile-not-given', `no Profile \`${namespace}\` is in the YAML`)
  }
  const of = { object: { kind: 'Profile', namespace: '', name: profile.name }, at: profile.at }
  if (profile.owner.name !== user) {
    return visit.refuse(
      'access-denied',
      403,
      `${user} does not own the Profile; ${profile.owner.name} does`,
      of,
    )
  }
  visit.step('matched', 'profile-owner', `${user} owns the Profile`, of)
  return visit.end('allow', 'profile-owner')
}

function userOf(visit: Visit, args: ReadonlyMap<string, string>): string | undefined {
  const header = args.get('userid-header') ?? 'kubeflow-userid'
  const prefix = args.get('userid-prefix') ?? ''
  const sent = visit.header(header)
  if (sent === undefined || sent === '') return undefined
  const user = sent.startsWith(prefix) ? sent.slice(prefix.length) : sent
  visit.step('matched', 'identity-header', `\`${header}\` says ${user}`)
  return user
}

/** `-name=value` and `-name value` of the kfam container. */
function argumentsOf(workload: Workload): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  const args = containerOf(workload, image)?.args ?? []
  for (const [index, word] of args.entries()) {
    const [, name, value] = /^--?([a-z-]+)(?:=(.*))?$/.exec(word) ?? []
    if (name !== undefined) given.set(name, value ?? args[index + 1] ?? '')
  }
  // `$(USERID_HEADER)` stands for the variable's value.
  const environment = containerOf(workload, image)?.env ?? {}
  for (const [name, value] of given) {
    given.set(
      name,
      value.replace(
        /\$\((\w+)\)/g,
        (whole, variable: string) => environment[variable] ?? usual[variable] ?? whole,
      ),
    )
  }
  return given
}

/** Kubeflow's own values (profiles-config), where the ConfigMap is not resolved. */
const usual: Readonly<Record<string, string>> = {
  USERID_HEADER: 'kubeflow-userid',
  USERID_PREFIX: '',
}

function referredNamespace(body: string | undefined): string | undefined {
  try {
    const parsed = JSON.parse(body ?? '') as { readonly referredNamespace?: unknown } | null
    return typeof parsed?.referredNamespace === 'string' ? parsed.referredNamespace : undefined
  } catch {
    return undefined
  }
}
