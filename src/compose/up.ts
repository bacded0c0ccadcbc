import { type Clock, Fault, type Problem, renderProblem } from '../base/index.ts'
import {
  type Authorizers,
  type DoorPort,
  type LogEntry,
  openAuthorizers,
  startGateway,
} from '../gateway/index.ts'
import { CLUSTER_ISSUER, createSigningKeys, serviceAccountIssuer } from '../identity/index.ts'
import type { Mesh } from '../mesh/index.ts'
import { ensureServerCertificate, type ServerCertificate } from '../pki/index.ts'
import { compileDoor } from '../policy/index.ts'
import { type LocalAuthService, openSessions, startAuthService } from './auth-service.ts'
import { startBehind } from './behind.ts'
import { listenForControl } from './control.ts'
import { decideWholePath } from './decide.ts'
import { namesOfDoor } from './door-names.ts'
import { identityHeaders } from './identity-headers.ts'
import { keySources } from './jwks.ts'
import type { MeshListener } from './listeners.ts'
import { type LocalIssuer, startLocalIssuer } from './local-issuer.ts'
import { parseMeshName } from './mesh-names.ts'
import { serviceAccountKeyFile } from './mint.ts'
import { mint } from './mint-here.ts'
import { fileKeyStore } from './private-file.ts'
import { signOutOf } from './sign-out.ts'
import { signedIn } from './signed-in.ts'
import type { Started } from './start-text.ts'
import { defaultStateFolder, openState } from './state.ts'
import { inputsOf, soundListeners, soundMesh } from './up-inputs.ts'
import { decisionLine, notesOf, partsOf } from './up-notes.ts'
import type { UpOptions } from './up-options.ts'
import { listenerSpecs, readyLine, reloadedListeners } from './up-ready.ts'
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
    const clusterAccounts = createSigningKeys({
      clock,
      rotateEvery: 0,
      ...(state.ephemeral ? {} : { store: fileKeyStore(`${state.folder}/${serviceAccountKeyFile}`) }),
    }).then((keys) => serviceAccountIssuer({ keys, clock }))
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
        tokenReview: async (token, audiences) => (await clusterAccounts).review(token, audiences),
      }),
      clusterAccounts,
    ])
    refusePublished(options.address, issuer)
    const sessions = openSessions(state, clock)
    undo.push(() => sessions.close())
    const people = signedIn(sessions, issuer, () => auth)
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
      log: (event) => {
        people.saw(event)
        if (options.verbose) say(`sign-in ${JSON.stringify(event)}`)
      },
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
    const authorizers = openAuthorizers(clock)
    undo.push(() => authorizers.close())
    const ask = askingOf(auth, options, authorizers)
    let current = { mesh, keys: keysOf(mesh) }
    /** Whoever looks on while the door decides. */
    const followers = new Set<(entry: LogEntry) => void>()
    const doorPort = (): DoorPort => {
      const door = compileDoor(current.mesh, {
        fetched: current.keys.text,
        ...(options.istioVersion === undefined ? {} : { istioVersion: options.istioVersion }),
      })
      return {
        ...decideWholePath(door, options.hardening),
        ask,
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
      log: (entry) => {
        if (options.verbose) say(decisionLine(entry))
        for (const take of followers) take(entry)
      },
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
        const { tls, unheard } = reloadedListeners(next, listeners, certificate)
        gateway.replace({ door: doorPort(), tls })
        for (const port of unheard) say(`kfdoor: ${port} is new; start again to listen there`)
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
      (request) =>
        request.do === 'sessions' || request.do === 'sign-out'
          ? people.answer(request)
          : mint(request, { accounts, auth, issuer, clock, url: ready.url }),
      (take) => {
        followers.add(take)
        return () => followers.delete(take)
      },
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

/** The auth service of this process, or whom `--upstream` names in its place. */
function askingOf(
  auth: LocalAuthService | undefined,
  { upstreams }: UpOptions,
  authorizers: Authorizers,
): DoorPort['ask'] {
  // A mesh names a handful of providers; each is looked up once.
  const given = new Map<string, string | undefined>()
  const urlOf = (service: string) => {
    if (given.has(service)) return given.get(service)
    const [, , , host = ''] = service.split('|')
    const name = parseMeshName(host)
    const found = upstreams.find((one) => {
      const own = parseMeshName(one.host)
      return own && name && own.service === name.service && own.namespace === name.namespace
    })
    given.set(service, found?.url)
    return found?.url
  }
  return (check, until, body) => {
    const url = urlOf(check.service)
    if (url !== undefined) return authorizers.ask(url, check, until.signal, body)
    return auth ? auth.provider.check(check, until) : { status: 503, headers: [], failure: 'reset' }
  }
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
