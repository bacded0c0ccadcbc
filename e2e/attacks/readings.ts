import type { Seen } from './world.ts'

/** The laxest reading of a path a workload may use; written apart from the product's own. */
function effectivePath(path: string): string {
  const cut = path.search(/[?#]/)
  let text = cut < 0 ? path : path.slice(0, cut)
  text = text.replace(/%(?:c0|e0%80|f0%80%80)%ae/gi, '.').replace(/%(?:c0|e0%80|f0%80%80)%af/gi, '/')
  text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  text = text.replace(/\\/g, '/').replace(/\0/g, '')
  const out: string[] = []
  for (const part of text.split('/').map((each) => each.split(';')[0] ?? '')) {
    if (part === '' || part === '.') continue
    if (part === '..') out.pop()
    else out.push(part)
  }
  return `/${out.join('/')}`
}

export type Caller = 'anon' | 'user' | 'admin'

/** Whether a request that a workload saw was not this caller's to make. */
export function isProtected(seen: Seen, caller: Caller): boolean {
  const path = `${effectivePath(seen.path)}/`
  const host = seen.host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  const override = seen.headers.find(([name]) => /^x-(http-)?method(-override)?$/i.test(name))?.[1]
  if (host === 'mtls.test' || seen.backend === 'mtls') return true
  if (caller === 'admin') return false
  if (host === 'internal.door.test' || seen.backend === 'internal') return true
  if (path.startsWith('/admin/') || /^\/data\/[^/]+\/raw\/$/.test(path)) return true
  if ((seen.method === 'DELETE' || override === 'DELETE') && path.startsWith('/pipeline/')) return true
  return caller === 'anon' && !/^\/(public|dex|oauth2)\//.test(path)
}

const identityName =
  /^(kubeflow-(userid|groups)|x-jwt-payload|x-auth-request-.*|x-forwarded-(user|email|groups|access-token|preferred-username|client-cert|host)|x-remote-.*|remote-user|impersonate-.*|x-host|forwarded)$/

const folded = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '-')

type Headers = readonly (readonly [string, string])[]

/** Everything a workload could take for the caller's identity, names folded. */
export function identityOf({ headers }: { readonly headers: Headers }): string[] {
  return headers
    .map(([name, value]) => [folded(name), value] as const)
    .filter(([name]) => identityName.test(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
}

/** The users a workload could read from one request: one, if all is well. */
export const usersIn = (headers: Headers): string[] =>
  headers.filter(([name]) => folded(name) === 'kubeflow-userid').map(([, value]) => value)
