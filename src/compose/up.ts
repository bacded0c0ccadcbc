import { type Clock, Fault, type Problem, renderProblem } from '../base/index.ts'
import { type DoorPort, type LogEntry, type RunningGateway, startGateway } from '../gateway/index.ts'
import { CLUSTER_ISSUER, createSigningKeys, serviceAccountIssuer } from '../identity/index.ts'
import { type Mesh, type MeshInput, parseMesh } from '../mesh/index.ts'
import { ensureServerCertificate, type ServerCertificate } from '../pki/index.ts'
import { compileDoor } from '../policy/index.ts'
import { type LocalAuthService, mintIdToken, openSessions, startAuthService } from './auth-service.ts'
import { startBehind } from './behind.ts'
import { type ControlAnswer, type ControlRequest, listenForControl } from './control.ts'
import { decideWholePath } from './decide.ts'
import { namesOfDoor } from './door-names.ts'
import { keySources } from './jwks.ts'
import { type MeshListener, meshListeners } from './listeners.ts'
import { type LocalIssuer, startLocalIssuer } from './local-issuer.ts'
import { parseMeshName } from './mesh-names.ts'
import type { Credential } from './mint.ts'
import { serviceAccountKeyFile } from './mint.ts'
import { fileKeyStore } from './private-file.ts'
import { profileFiles, resolveProfile } from './profiles.ts'
import { readInputs } from './read-inputs.ts'
import { signOutOf } from './sign-out.ts'
import type { Started } from './start-text.ts'
import { defaultStateFolder, openState } from './state.ts'
import { tlsServersOf } from './tls-servers.ts'
import type { ReadyLine, UpOptions } from './up-options.ts'
import { watchPaths } from './watch.ts'

/** What `up` needs of the outside. */
export interface UpPorts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readStdin: () => Promise<string>
  /** One line of talk. */
  readonly say: (line: string) => void
  readonly clock?: Clock
}

export interface RunningUp extends Started {
  close(): Promise<void>
}

/** Headers that say who the caller is, whatever a mesh's policies name; SECURITY.md promises these. */
const alwaysIdentity = ['kubeflow-userid', 'kubeflow-groups', 'x-goog-authenticated-user-email']

/** How long requests under way may take when the door closes. Milliseconds. */
const drainMs = 10_000
/** How often keys of issuers elsewhere are asked for again. Milliseconds. */
const refreshMs = 60_000

/**
 * Runs a whole front door in this process.
 *
 * @throws Fault for everything a person can mend: unreadable or broken YAML, a busy port, an
 *   unusable state folder, published credentials beyond loopback
 */
export async function up(options: UpOptions, ports: UpPorts): Promise<RunningUp> {
  const { env, say } = ports
  const clock = ports.clock ?? Date.now
  const warn = (problem: Problem) => say(`kfdoor: warning: ${renderProblem(problem)}`)
  const { inputs, profile, what, note } = await inputsOf(options, ports)
  const mesh = soundMesh(inputs, warn)
  const listeners = soundListeners(mesh, what)

  const state = openState(options.state ?? defaultStateFolder(env))
  const undo: (() => void | Promise<void>)[] = [() => state.close()]
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  let renew = () => {}
  try {
    const hasTls = listeners.some(({ tls }) => tls)
    const [certificate, issuer, accounts] = await Promise.all([
      hasTls ? certificateFor(options, mesh, listeners, state, clock) : undefined,
      startLocalIssuer({
        mesh,
        state,
        clock,
        warn,
        ...(options.dexConfig === undefined ? {} : { dexConfig: options.dexConfig }),
        ...(options.users === undefined ? {} : { users: options.users }),
        log: (event) => options.verbose && say(`issuer ${JSON.stringify(event)}`),
        // The gateway verifies what the new key signs from this moment on.
        onRotate: () => renew(),
      }),
      createSigningKeys({
        clock,
        rotateEvery: 0,
        ...(state.ephemeral ? {} : { store: fileKeyStore(`${state.folder}/${serviceAccountKeyFile}`) }),
      }).then((keys) => serviceAccountIssuer({ keys, clock })),
    ])
    refusePublished(options.address, issuer)
    const sessions = openSessions(state, clock)
    undo.push(() => sessions.close())
    const auth = startAuthService({
      mesh,
      sessions,
      state,
      issuer,
      accounts,
      apiErrors: options.apiErrors,
      tls: hasTls,
      clock,
      warn,
      log: (event) => options.verbose && say(`sign-in ${JSON.stringify(event)}`),
    })
    if (auth) undo.push(() => auth.provider.close())
    const behind = await startBehind({
      mesh,
      up: options,
      state,
      accounts,
      profile,
      signOut: signOutOf(auth),
      handlers: (service) => {
        if (issuer && service === 'dex') return (request, info) => issuer.issuer.handle(request, info)
        if (auth && (service === 'oauth2-proxy' || service === 'authservice')) {
          return (request, info) => auth.provider.handle(request, info)
        }
        return undefined
      },
      clock,
    })
    undo.push(() => behind.close())

    const keysOf = (of: Mesh) =>
      keySources(of, {
        dex: {
          issuer: issuer?.issuer.issuer ?? 'https://nobody.invalid',
          jwks: () => issuer?.keys.jwks() ?? { keys: [] },
        },
        serviceAccounts: { issuers: [CLUSTER_ISSUER, 'https://kubernetes.default.svc'], jwks: accounts.jwks },
      })
    let current = { mesh, keys: keysOf(mesh) }
    const doorPort = (): DoorPort => {
      const door = compileDoor(current.mesh, {
        fetched: current.keys.text,
        ...(options.istioVersion === undefined ? {} : { istioVersion: options.istioVersion }),
      })
      return {
        ...decideWholePath(door),
        ask: (check, signal) => ask(auth, options, check, signal),
        upstream: (target) =>
          behind.upstream(
            target.destination.host,
            target.destination.port,
            target.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1],
            target.host,
          ),
        identityHeaders: identityHeaders(current.mesh),
      }
    }
    await current.keys.refresh()
    const gateway = await startGateway({
      listeners: listenerSpecs(options, current.mesh, listeners, certificate),
      door: doorPort(),
      hardening: options.hardening,
      clock,
      log: (entry) => options.verbose && say(decisionLine(entry)),
    })
    undo.push(() => gateway.close(drainMs))

    renew = () => gateway.replace({ door: doorPort() })
    const timer = setInterval(() => {
      void current.keys.refresh().then((changed) => changed && renew())
    }, refreshMs)
    timer.unref()
    undo.push(() => clearInterval(timer))

    const reload = () =>
      reloadDoor(options, ports, what, (next) => {
        current = { mesh: next, keys: keysOf(next) }
        void current.keys.refresh().then((changed) => changed && gateway.replace({ door: doorPort() }))
        behind.replace(next)
        gateway.replace({ door: doorPort() })
      })
    const watched = (options.files ?? []).filter((path) => path !== '-' && !path.startsWith('profile:'))
    const watcher = watchPaths(watched, () => void reload())
    undo.push(() => watcher.close())

    const ready = readyLine(options, gateway, listeners, {
      profile,
      certificate,
      issuer,
      direct: behind.direct,
    })
    const control = await listenForControl(
      env,
      {
        url: ready.url,
        httpUrl: ready.httpUrl,
        caFile: ready.caFile,
        profile,
        state: options.state ?? defaultStateFolder(env),
      },
      (request) => mint(request, { accounts, auth, issuer, clock, url: ready.url }),
    )
    undo.push(() => control.close())

    return {
      ready,
      what,
      parts: partsOf(mesh, issuer, auth),
      people: issuer?.config.passwords.map(({ email }) => email) ?? [],
      usesPublishedPassword: (issuer?.published ?? []).some((one) => one.includes('password')),
      models: behind.models.map((model) => ({ ...model })),
      notes: notesOf(options, current.mesh, listeners, certificate, note),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Inputs {
  readonly inputs: readonly MeshInput[]
  readonly profile: string
  /** For people: `Kubeflow 26.03`, or the paths. */
  readonly what: string
  readonly note?: string
}

async function inputsOf(options: UpOptions, ports: UpPorts): Promise<Inputs> {
  const overlays = { tls: options.tls, demo: options.demo }
  if (options.files) {
    const inputs = await readInputs(options.files, ports.readStdin, overlays)
    const [first] = options.files
    const profile = first?.startsWith('profile:')
      ? resolveProfile(first.slice('profile:'.length)).name
      : 'custom'
    return { inputs, profile, what: options.files.join(', ') }
  }
  const { name, note } = resolveProfile(options.profile ?? '26.03')
  return {
    inputs: profileFiles(name, overlays),
    profile: name,
    what: `Kubeflow ${name.replace(/^v/, '')}`,
    ...(note === undefined ? {} : { note }),
  }
}

/** A mesh without errors, its warnings said; profiles replace parts of themselves on purpose. */
function soundMesh(inputs: readonly MeshInput[], warn: (problem: Problem) => void): Mesh {
  const { mesh, problems } = parseMesh(inputs)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  for (const problem of problems) {
    if (!problem.at.file.startsWith('profile:') && problem.code !== 'replaces-earlier') warn(problem)
  }
  return mesh
}

function soundListeners(mesh: Mesh, what: string): readonly MeshListener[] {
  const listeners = meshListeners(mesh)
  if (listeners.length === 0) throw new Fault('ERR_NO_GATEWAY', { where: what })
  return listeners
}

function certificateFor(
  options: UpOptions,
  mesh: Mesh,
  listeners: readonly MeshListener[],
  state: { readonly folder: string; readonly ephemeral: boolean },
  clock: Clock,
): Promise<ServerCertificate> {
  const given = [
    ...options.hostnames,
    ...(options.address === '0.0.0.0' || options.address === '::' ? [] : [options.address]),
  ]
  return ensureServerCertificate({
    folder: state.folder,
    keep: !state.ephemeral,
    names: namesOfDoor(mesh, listeners, given),
    clock,
    keyType: options.keyType,
  })
}

function refusePublished(address: string, issuer: LocalIssuer | undefined): void {
  const isLoopback = address === 'localhost' || address === '::1' || /^127\./.test(address)
  if (!isLoopback && issuer && issuer.published.length > 0) {
    throw new Fault('ERR_PUBLISHED_CREDENTIALS', { address, what: issuer.published })
  }
}

async function ask(
  auth: LocalAuthService | undefined,
  options: UpOptions,
  check: Parameters<DoorPort['ask']>[0],
  signal: AbortSignal,
): ReturnType<DoorPort['ask']> {
  const [, , , host = ''] = check.service.split('|')
  const name = parseMeshName(host)
  const given = options.upstreams.find((one) => {
    const own = parseMeshName(one.host)
    return own && name && own.service === name.service && own.namespace === name.namespace
  })
  if (given) {
    const { askByHttp } = await import('./ask-by-http.ts')
    return askByHttp(given.url, check, signal)
  }
  return auth ? auth.provider.check(check, signal) : { status: 503, headers: [], failure: 'reset' }
}

function identityHeaders(mesh: Mesh): readonly string[] {
  const claims = mesh.requestAuthentications
    .flatMap(({ jwtRules }) => jwtRules)
    .flatMap((rule) => [
      ...rule.outputClaimToHeaders.map(({ header }) => header),
      ...(rule.outputPayloadToHeader ? [rule.outputPayloadToHeader.value] : []),
    ])
  const providers = mesh.meshConfig.extensionProviders
    .flatMap(({ headersToUpstreamOnAllow }) => headersToUpstreamOnAllow.map(({ value }) => value))
    // A provider may hand on what is no identity: the credential itself, the path.
    .filter((header) => !/^(authorization|cookie|path|content-.*)$/i.test(header) && !header.includes('*'))
  return [...new Set([...alwaysIdentity, ...claims, ...providers].map((header) => header.toLowerCase()))]
}

function listenerSpecs(
  options: UpOptions,
  mesh: Mesh,
  listeners: readonly MeshListener[],
  certificate: ServerCertificate | undefined,
) {
  const [door] = listeners
  const first = { tls: true, plain: true }
  return listeners.map((listener) => {
    const isDoor = listener.gateway === door?.gateway
    const kind = listener.tls ? 'tls' : 'plain'
    // The first TLS port and the first plain port of the door are the ones people chose.
    const chosen = isDoor && first[kind]
    if (chosen) first[kind] = false
    const flag = listener.tls ? '--port' : '--http-port'
    return {
      gateway: listener.gateway,
      address: options.address,
      port: chosen ? (listener.tls ? options.port : options.httpPort) : 0,
      meshPort: listener.meshPort,
      targetPort: listener.targetPort,
      ...(listener.tls && certificate ? { tls: tlsServersOf(mesh, listener, certificate).servers } : {}),
      ...(chosen ? { flag } : {}),
    }
  })
}

async function reloadDoor(
  options: UpOptions,
  ports: UpPorts,
  what: string,
  take: (mesh: Mesh) => void,
): Promise<void> {
  try {
    const { inputs } = await inputsOf(options, ports)
    const mesh = soundMesh(inputs, () => {})
    soundListeners(mesh, what)
    take(mesh)
    ports.say('kfdoor: the door runs with the changed YAML')
  } catch (error) {
    const said = error instanceof Fault ? `${error.number}: ${error.message}` : String(error)
    ports.say(`kfdoor: the change was not taken, the last good door stays: ${said}`)
  }
}

function readyLine(
  options: UpOptions,
  gateway: RunningGateway,
  listeners: readonly MeshListener[],
  known: {
    readonly profile: string
    readonly certificate: ServerCertificate | undefined
    readonly issuer: LocalIssuer | undefined
    readonly direct: ReadyLine['direct']
  },
): ReadyLine {
  const host = hostForUrls(options.address)
  const bound = gateway.listeners.map((one) => {
    const spec = listeners.find((each) => each.gateway === one.gateway && each.targetPort === one.targetPort)
    return {
      gateway: one.gateway,
      port: one.port,
      url: `${spec?.tls ? 'https' : 'http'}://${host}:${one.port}`,
      tls: spec?.tls === true,
    }
  })
  const door = bound.filter(({ gateway: name }) => name === listeners[0]?.gateway)
  const plain = door.find(({ tls }) => !tls)
  const secure = door.find(({ tls }) => tls)
  const url = (secure ?? plain)?.url ?? ''
  return {
    ready: true,
    url,
    httpUrl: plain?.url ?? url,
    caFile: known.certificate?.caFile ?? null,
    issuer: known.issuer?.issuer.issuer ?? '',
    profile: known.profile,
    pid: process.pid,
    listeners: bound.map(({ gateway: name, port, url: each }) => ({ gateway: name, port, url: each })),
    direct: known.direct,
  }
}

/** `localhost` resolves everywhere without touching a hosts file. */
function hostForUrls(address: string): string {
  if (address === '127.0.0.1' || address === '0.0.0.0' || address === '::') return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}

async function mint(
  request: ControlRequest,
  known: {
    readonly accounts: ReturnType<typeof serviceAccountIssuer>
    readonly auth: LocalAuthService | undefined
    readonly issuer: LocalIssuer | undefined
    readonly clock: Clock
    readonly url: string
  },
): Promise<ControlAnswer> {
  if (request.do === 'service-account-token') {
    const { namespace = '', name = '', audiences = [], durationSeconds = 3600 } = request
    const minted = await known.accounts.mint({
      namespace,
      name,
      ...(audiences.length > 0 ? { audiences } : {}),
      duration: durationSeconds * 1000,
    })
    const credential: Credential = {
      kind: 'token',
      token: minted.token,
      expiresAt: new Date(minted.expiresAt).toISOString(),
      user: `system:serviceaccount:${namespace}:${name}`,
      audiences,
    }
    return { ok: true, credential }
  }
  const { auth, issuer } = known
  if (!auth) return { ok: false, error: 'this door has no auth service, so nobody signs in' }
  const { user = '', groups = [] } = request
  const needsToken = auth.provider.kind === 'oauth2-proxy' && issuer
  const session = await auth.provider.mintSession({
    user,
    email: user,
    groups,
    ...(needsToken
      ? { idToken: await mintIdToken(issuer, auth.clientId, { email: user, groups }, known.clock()) }
      : {}),
  })
  const credential: Credential = {
    kind: 'session',
    url: known.url,
    cookies: session.cookie.split('; ').map((pair) => {
      const at = pair.indexOf('=')
      return { name: pair.slice(0, at), value: pair.slice(at + 1) }
    }),
    expiresAt: new Date(session.expiresAt).toISOString(),
    user,
  }
  return { ok: true, credential }
}

function partsOf(mesh: Mesh, issuer: LocalIssuer | undefined, auth: LocalAuthService | undefined): string[] {
  return [
    `Istio ${mesh.istioVersion?.value ?? '(current)'}`,
    ...(issuer ? [`Dex ${issuer.version?.replace(/^v/, '') ?? ''}`.trim()] : []),
    ...(auth ? [auth.provider.kind === 'authservice' ? 'oidc-authservice' : 'oauth2-proxy'] : []),
  ]
}

function notesOf(
  options: UpOptions,
  mesh: Mesh,
  listeners: readonly MeshListener[],
  certificate: ServerCertificate | undefined,
  note: string | undefined,
): string[] {
  const stands = certificate
    ? listeners.flatMap((listener) => tlsServersOf(mesh, listener, certificate).standsInFor)
    : []
  return [
    ...(note === undefined ? [] : [note]),
    ...[...new Set(stands)].map(
      (secret) => `Secret ${secret} is not in the YAML: this door's own certificate stands in`,
    ),
    ...(options.files === undefined && !options.demo
      ? ['as released: the models of a namespace answer 403 to everybody who comes through a gateway']
      : []),
    ...(options.hardening === 'istio-parity'
      ? ['hardening is off: ambiguous requests pass as Istio lets them']
      : []),
    ...(certificate?.made ?? []).map((made) => `made ${made}`),
    ...mesh.meshConfig.extensionProviders
      .filter(({ includeRequestBodyInCheck }) => includeRequestBodyInCheck !== undefined)
      .map(({ name }) => `provider ${name} wants request bodies; this door asks it without them`),
  ]
}

function decisionLine(entry: LogEntry): string {
  const target = entry.upstream === undefined ? '' : ` → ${entry.upstream}`
  return `${new Date(entry.at).toISOString()} ${entry.id} ${entry.method} ${entry.host}${entry.path} ${entry.status} ${entry.verdict} ${entry.reason}${target} ${entry.durationMs.toFixed(1)}ms`
}
