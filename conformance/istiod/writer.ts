import { parseAllDocuments } from 'yaml'
import { type ProxyIdentity, proxyOf } from '../../src/policy/index.ts'
import type { Entered } from '../contestants/envoy.ts'
import { materialOf } from '../envoy/material.ts'
import type { Writer } from '../envoy/writer.ts'
import { asStatic } from './as-static.ts'
import type { Istiod, Pushed } from './ask-istiod.ts'

/**
 * A writer that writes what istiod pushes to the proxies of these configurations.
 *
 * @param yaml the configuration of a name
 * @param fetched what each JWKS URI serves
 */
export async function byIstiod(
  istiod: Istiod,
  configs: readonly Entered[],
  yaml: (name: string) => string,
  fetched: Readonly<Record<string, unknown>>,
): Promise<Writer> {
  const served = Object.fromEntries(
    Object.entries(fetched).map(([uri, value]) => [
      uri,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
  const pushed = new Map<string, Pushed | string>()
  for (const { name, world, requests } of configs) {
    const proxies = new Map<string, ProxyIdentity>()
    for (const request of requests) {
      const proxy = proxyOf(request) ?? world.door.gateway()
      proxies.set(JSON.stringify(proxy), proxy)
    }
    const answers = await istiod.push(documentsOf(yaml(name)), [...proxies.values()], served)
    for (const [index, key] of [...proxies.keys()].entries()) {
      pushed.set(`${name} ${key}`, typeof answers === 'string' ? answers : (answers[index] as Pushed))
    }
  }
  return ({ name, mesh }, proxy, site) => {
    const found = pushed.get(`${name} ${JSON.stringify(proxy)}`) ?? 'istiod was not asked'
    if (typeof found === 'string') {
      return { listeners: [], clusters: [], problems: [{ severity: 'error', message: found }] }
    }
    const { namespace, kind } = proxy
    return asStatic(found, {
      ...site,
      namespace,
      sidecar: kind !== 'gateway',
      tls: materialOf(mesh, site.identity),
    })
  }
}

/** As an API server got them: what a word means in YAML was settled before. */
export function documentsOf(text: string): string {
  return parseAllDocuments(text, { uniqueKeys: false })
    .map((document) => JSON.stringify(document.toJS() ?? null))
    .join('\n---\n')
}
