import { isFault, type Problem, renderProblem } from '../../base/index.ts'
import type { Io } from '../../cli/io.ts'
import { askedToStop } from '../asked-to-stop.ts'
import { giveBackStartMemory } from '../start-memory.ts'
import { watchPaths } from '../watch.ts'
import { loadSettings, type SettingsInput } from './load-settings.ts'
import { serveAuthz } from './serve-authz.ts'

/** `kfdoor serve authz` from start to SIGTERM. */
export async function runServeAuthz(
  input: Omit<SettingsInput, 'env'>,
  output: 'text' | 'json',
  io: Io,
): Promise<void> {
  const from: SettingsInput = { ...input, env: io.env }
  const warn = (problem: Problem) => io.err(`kfdoor: warning: ${renderProblem(problem)}`)
  let settings = loadSettings(from, warn)
  const running = await serveAuthz(settings, { env: io.env, clock: Date.now })
  const reload = async () => {
    try {
      const next = loadSettings(from, warn)
      await running.apply(next)
      if (
        JSON.stringify([next.listen, next.grpcListen, next.metricsListen, next.sessions]) !==
        JSON.stringify([settings.listen, settings.grpcListen, settings.metricsListen, settings.sessions])
      )
        io.err('kfdoor: listeners and the session store are as they were; they change with a restart')
      settings = next
      running.event('settings', { outcome: 'applied' })
      io.err('kfdoor: the changed settings are in use')
    } catch (error) {
      running.refused()
      const text = isFault(error) ? `${error.number}: ${error.message}` : String(error)
      io.err(`kfdoor: the settings as they are now are not used: ${text}`)
    }
  }
  const files = [input.file, input.flags.clientSecretFile, input.sealKeyFile].filter(
    (one): one is string => one !== undefined,
  )
  const watching = watchPaths(files, () => void reload())
  process.on('SIGHUP', () => void reload())
  const stopped = askedToStop(async () => {
    watching.close()
    io.err(`kfdoor: closing; answering for another ${settings.drainMs / 1000} s`)
    await running.close(settings.drainMs)
  })
  giveBackStartMemory()
  if (output === 'json') io.out(JSON.stringify(running.ready))
  else {
    const { http, grpc, metrics } = running.ready
    io.out(`kfdoor authz is ready: checks over HTTP at http://${http}${settings.pathPrefix}`)
    if (grpc) io.out(`  checks over gRPC at ${grpc}`)
    if (metrics) io.out(`  metrics and probes at http://${metrics}/metrics, /healthz, /readyz?verbose`)
  }
  await stopped
  io.exit(0)
}
