import type { OpenMesh } from './open-mesh.ts'

const mostAddresses = 200

/** URLs that routes are about: a host of the gateway, and what a route says of paths. */
export function addressesOf({ mesh }: OpenMesh): readonly string[] {
  const found = new Set<string>()
  const tls = mesh.gateways.some(({ servers }) => servers.some(({ tls }) => tls !== undefined))
  for (const { hosts, gateways = [], http } of mesh.virtualServices) {
    if (!gateways.some(({ value }) => value !== 'mesh')) continue
    const named = hosts
      .map(({ value }) => value)
      .find((host) => !host.startsWith('*') && !/\.svc(\.|$)/.test(host))
    const any = hosts.some(({ value }) => value === '*') ? 'localhost' : undefined
    const host = named ?? any
    if (host === undefined) continue
    for (const { match = [] } of http) {
      for (const { uri } of match.length === 0 ? [{ uri: undefined }] : match) {
        if (uri === undefined || uri.kind === 'exact' || uri.kind === 'prefix') {
          found.add(`${tls ? 'https' : 'http'}://${host}${uri?.text ?? '/'}`)
        }
      }
    }
  }
  // What people come for stands first.
  const weight = (url: string) =>
    /\/pipeline\/?$/.test(url) ? 0 : /\/dex|\/oauth2|authservice/.test(url) ? 2 : 1
  return [...found].sort((one, other) => weight(one) - weight(other)).slice(0, mostAddresses)
}
