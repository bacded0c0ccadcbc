/** What somebody who leaves the EnvoyFilter may name: hosts, paths, the provider. */
import { wrong } from './refuse.ts'

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const dnsLabel = new RegExp(`^${label}$`)
const dnsName = new RegExp(`^${label}(\\.${label})*$`)

/** Whole names, in lower case. @throws Fault ERR_USAGE */
export function readHosts(hosts: readonly string[] = []): readonly string[] {
  if (hosts.length === 0)
    wrong(
      'which hosts sign in is not said',
      'name them with `--host`, for example `--host kubeflow.example.com`',
    )
  return hosts.map((host) => {
    const name = host.toLowerCase()
    // A pattern of Istio has one star: `*.example.com` would not be asked where the client sends a port.
    if (!dnsName.test(name))
      wrong(
        `\`--host ${host}\` is not the name of one host`,
        'write it whole, without scheme, port, path or star: `kubeflow.example.com`',
      )
    return name
  })
}

/** `/v1/models`, or `/v1/*`. @throws Fault ERR_USAGE */
export function readPaths(paths: readonly string[] = []): readonly string[] {
  if (paths.length === 0)
    wrong(
      'which paths are not asked about is not said',
      "name them with `--path`, for example `--path '/v1/*'`",
    )
  for (const path of paths) {
    if (/^\/?\*+$/.test(path))
      wrong(`\`--path ${path}\` is every path, so nobody would be asked at all`, 'name what is below it')
    if (!/^\/[^\s*?#{}]+\*?$/.test(path))
      wrong(
        `\`--path ${path}\` is not understood by Istio as a path or what is below it`,
        'begin with `/`, and end with one `*` for all that begins so: `/v1/*`; no query, no other star',
      )
  }
  return paths
}

/** @throws Fault ERR_USAGE where istiod would refuse the name, and with it everybody */
export function readProvider(name = 'dex-auth-provider'): string {
  if (!dnsLabel.test(name))
    wrong(
      `\`--provider ${name}\` is no name Istio takes for a provider`,
      'use lower case, digits and `-`: `dex-auth-provider`',
    )
  return name
}
