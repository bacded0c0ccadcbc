import type { At, Problem } from '../../../base/index.ts'
import type { RedisTexts } from '../../sessions/redis-options.ts'
import { readAuthServiceEnvironment, vintageOf } from '../read-authservice.ts'
import { authServiceOptions } from './authservice-options.ts'
import { classify, type Given } from './given.ts'
import { type CompatReading, type CompatSessions, isPublishedClientSecret } from './seat.ts'

/**
 * What an oidc-authservice would run by: its environment. Which of the two Kubeflow shipped follows
 * from whose names are used. A variable that is none of its own is none of ours; what is refused or
 * wrong is an error that names it.
 */
export function readAuthServiceSeat(env: Readonly<Record<string, string | undefined>>): CompatReading {
  const at: At = { file: 'environment', line: 1 }
  const problems: Problem[] = []
  const complain = (message: string) => problems.push({ severity: 'error', code: 'bad-setting', message, at })
  const given = new Map<string, Given>()
  for (const { name } of authServiceOptions) {
    const value = name.endsWith('*')
      ? Object.entries(env).find(([one]) => one.startsWith(name.slice(0, -1)))?.[1]
      : env[name]
    // Kubernetes writes `tcp://10.0.0.1:8080` into the PORT of a Service named so; a quoted number is Kubeflow's own.
    if (value !== undefined) given.set(name, { value: value.replace(/^"(.*)"$/, '$1'), at })
  }
  const environment = Object.fromEntries([...given].map(([name, { value }]) => [name, String(value)]))
  problems.push(...classify(given, authServiceOptions, 'oidc-authservice'))
  const vintage = vintageOf('', environment)
  const { settings, problems: found } = readAuthServiceEnvironment(environment, { vintage, where: '', at })
  problems.push(...found.filter(({ code }) => code !== 'unknown-setting'))

  const port = (name: string, standard: number): number => {
    const text = environment[name]
    if (text === undefined || text === '') return standard
    const value = Number(text)
    if (/^\d{1,5}$/.test(text) && value <= 65_535) return value
    complain(`\`${name}\` is \`${text}\`, which is no port`)
    return standard
  }
  const host = environment.SERVER_HOSTNAME || '0.0.0.0'
  const listen = { host, port: port('SERVER_PORT', port('PORT', 8080)) }
  const probeListen = { host, port: port('READINESS_PROBE_PORT', 8081) }
  const sessions = sessionsOf()

  function sessionsOf(): CompatSessions {
    const type = environment.SESSION_STORE_TYPE || 'boltdb'
    if (type === 'boltdb') return { store: 'own' }
    if (type !== 'redis') {
      complain(`\`SESSION_STORE_TYPE\` is \`${type}\`, neither \`boltdb\` nor \`redis\``)
      return { store: 'own' }
    }
    const address = environment.SESSION_STORE_REDIS_ADDR || '127.0.0.1:6379'
    const database = environment.SESSION_STORE_REDIS_DB || '0'
    const password = environment.SESSION_STORE_REDIS_PWD
    const redis: RedisTexts = {
      url: `redis://${address}/${database}`,
      ...(password && { password }),
    }
    return { store: 'redis', redis }
  }

  const broken = problems.some(({ severity }) => severity === 'error')
  if (broken || !settings) return { seat: undefined, problems }
  const ca = environment.CA_BUNDLE
  return {
    seat: {
      style: 'authservice',
      settings,
      listen,
      probeListen,
      sessions,
      trustedProxies: [],
      caFiles: ca ? [ca] : [],
      published: isPublishedClientSecret(settings.clientSecret) ? ['the client secret'] : [],
    },
    problems,
  }
}
