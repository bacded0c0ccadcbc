/** What was typed for `serve gateway`, read and checked; every mistake names the text it is in. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Fault } from '../base/index.ts'
import type { ServeGatewayOptions } from '../compose/serve-gateway/index.ts'

export interface TypedServeOptions {
  readonly filename: readonly string[]
  readonly listen?: readonly string[] | undefined
  readonly upstream?: readonly string[] | undefined
  readonly defaultUpstream?: string | undefined
  readonly provider?: readonly string[] | undefined
  readonly secret?: readonly string[] | undefined
  readonly jwks?: string | undefined
  readonly meshIdentity?: string | undefined
  readonly workload?: string | undefined
  readonly sidecar?: true | undefined
  readonly serviceAccount: string
  readonly proxyProtocol?: true | undefined
  readonly hardening: 'default' | 'istio-parity'
  readonly istioVersion?: string | undefined
  /** Port 0 opens any free one, which is of no use in a file. */
  readonly written?: true
}

/** @throws Fault ERR_USAGE, ERR_INPUT_UNREADABLE */
export function readServeOptions(typed: TypedServeOptions): ServeGatewayOptions {
  const { defaultUpstream, jwks, meshIdentity, workload, istioVersion } = typed
  return {
    files: typed.filename,
    listen: readListens(typed.listen ?? [], typed.written === true),
    upstreams: (typed.upstream ?? []).map((text) => {
      const [host, url] = pair('--upstream', text, 'ml-pipeline.kubeflow=http://127.0.0.1:8888')
      return { host, url: serverUrl('--upstream', url) }
    }),
    ...(defaultUpstream !== undefined && {
      defaultUpstream: serverUrl('--default-upstream', defaultUpstream),
    }),
    providers: Object.fromEntries(
      (typed.provider ?? []).map((text) => {
        const [name, url] = pair('--provider', text, 'oauth2-proxy=http://127.0.0.1:4180')
        return [name, serverUrl('--provider', url).replace(/^grpc:/, 'http:')]
      }),
    ),
    secrets: Object.fromEntries(
      (typed.secret ?? []).map((text) => {
        const [name, folder] = pair('--secret', text, 'istio-system/kubeflow-tls=certs/')
        if (!/^[^/]+\/[^/]+$/.test(name)) throw usage(`\`--secret ${text}\` does not begin with NS/NAME`)
        return [name, secretIn(folder)]
      }),
    ),
    jwks: jwks === undefined ? {} : readJwks(jwks),
    ...(meshIdentity !== undefined && { meshIdentity: identityIn(meshIdentity) }),
    hardening: typed.hardening,
    ...(istioVersion !== undefined && { istioVersion }),
    ...(workload !== undefined && { workload: readWorkload(workload, typed) }),
    proxyProtocol: typed.proxyProtocol === true,
  }
}

/** Each worker reads the YAML for itself, so it cannot come from stdin. */
export function readWorkers(text: string | undefined, files: readonly string[]): number {
  if (text === undefined) return 1
  const count = Number(text)
  if (!/^\d{1,3}$/.test(text) || count < 1 || count > 128) {
    throw usage(`\`--workers ${text}\` is no number of processes`, 'use 1 to 128')
  }
  if (count > 1 && files.includes('-')) {
    throw usage('`--workers` does not go with `-f -`: every process reads the YAML', 'put it into a file')
  }
  return count
}

function readListens(texts: readonly string[], written: boolean): ServeGatewayOptions['listen'] {
  const listens = texts.map(readListen)
  const free = listens.findIndex(({ port }) => port === 0)
  if (written && free !== -1) {
    throw usage(
      `\`--listen ${texts[free]}\` names no port: Envoy would open one that nobody knows`,
      'for example `--listen 8080=127.0.0.1:8080`',
    )
  }
  const twice = listens.find(
    (one, at) => listens.findIndex(({ targetPort }) => targetPort === one.targetPort) !== at,
  )
  if (twice) throw usage(`\`--listen\` names port ${twice.targetPort} twice`)
  return listens
}

function readListen(text: string): ServeGatewayOptions['listen'][number] {
  const [, target = '', written = '', port = ''] = /^(\d+)=(.*):(\d+)$/.exec(text) ?? []
  const address = written.replace(/^\[(.*)\]$/, '$1')
  const known = address === 'localhost' ? '127.0.0.1' : address
  if (!isPort(target) || target === '0' || !isPort(port) || isIP(known) === 0) {
    throw usage(`\`--listen ${text}\` is not PORT=ADDRESS:PORT`, 'for example `--listen 8080=127.0.0.1:0`')
  }
  return { targetPort: Number(target), address: known, port: Number(port) }
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535

function pair(flag: string, text: string, example: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) {
    throw usage(
      `\`${flag} ${text}\` has no \`=\` between a name and its value`,
      `for example \`${flag} ${example}\``,
    )
  }
  return [text.slice(0, at), text.slice(at + 1)]
}

function serverUrl(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^(https?|grpc):$/.test(url.protocol) || url.hostname === '') {
    throw usage(`\`${flag}\`: \`${text}\` is no URL of a server`, 'for example `http://127.0.0.1:9000`')
  }
  if (url.username || url.password) throw usage(`\`${flag}\` takes no user name or password in the URL`)
  return text
}

function secretIn(folder: string): Readonly<Record<string, string>> {
  const data: Record<string, string> = {}
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) {
    const text = readIfThere(join(folder, name))
    if (text !== undefined) data[name] = text
  }
  if (data['tls.crt'] === undefined && data['ca.crt'] === undefined) {
    throw new Fault('ERR_INPUT_UNREADABLE', { path: folder, reason: 'it holds neither tls.crt nor ca.crt' })
  }
  return data
}

function identityIn(folder: string): NonNullable<ServeGatewayOptions['meshIdentity']> {
  const { 'tls.crt': certPem, 'tls.key': keyPem, 'ca.crt': caPem } = secretIn(folder)
  if (certPem === undefined || keyPem === undefined || caPem === undefined) {
    throw new Fault('ERR_INPUT_UNREADABLE', {
      path: folder,
      reason: 'tls.crt, tls.key and ca.crt have to be in it',
    })
  }
  return { certPem, keyPem, caPem }
}

function readJwks(path: string): Readonly<Record<string, unknown>> {
  const text = readIfThere(path)
  if (text === undefined) throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: 'there is no such file' })
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Readonly<Record<string, unknown>>
    }
  } catch {
    // Said below.
  }
  throw usage(`\`--jwks ${path}\` is not a JSON object`, 'it maps each jwksUri to what it serves')
}

/** undefined = there is no such file. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: code ?? message }, { cause: error })
  }
}

function readWorkload(text: string, typed: TypedServeOptions): NonNullable<ServeGatewayOptions['workload']> {
  const [, namespace = '', rest = ''] = /^([a-z0-9][a-z0-9-]*)\/(.+)$/.exec(text) ?? []
  if (namespace === '') {
    throw usage(
      `\`--workload ${text}\` is neither NS/NAME nor NS/LABEL=VALUE,…`,
      'for example `--workload team-a/web`',
    )
  }
  if (!rest.includes('=')) return { kind: 'named', namespace, name: rest, sidecar: typed.sidecar === true }
  const labels: Record<string, string> = {}
  for (const part of rest.split(',')) {
    const at = part.indexOf('=')
    if (at < 1) throw usage(`\`--workload ${text}\`: \`${part}\` is no LABEL=VALUE`)
    labels[part.slice(0, at)] = part.slice(at + 1)
  }
  const { serviceAccount } = typed
  return { kind: 'labelled', namespace, labels, serviceAccount, sidecar: typed.sidecar === true }
}

function usage(message: string, next?: string): Fault<'ERR_USAGE'> {
  return new Fault('ERR_USAGE', next === undefined ? { message } : { message, next })
}
