import type { Check, CheckAnswer } from '../../policy/index.ts'
import type { AuthProvider } from '../provider/provider.ts'

/** A cookie jar and the questions a gateway asks on its behalf. */
export function createBrowser(provider: AuthProvider) {
  const jar = new Map<string, string>()
  const keep = (answer: Pick<CheckAnswer, 'headers'>) => {
    for (const [name, value] of answer.headers) {
      if (name !== 'set-cookie') continue
      const [pair = ''] = value.split(';')
      const [key = '', ...rest] = pair.split('=')
      if (/max-age=0/i.test(value)) jar.delete(key)
      else jar.set(key, rest.join('='))
    }
  }
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const headersOf = (extra: Record<string, string> = {}): [string, string][] => [
    ...Object.entries(extra),
    ...(jar.size > 0 ? [['cookie', cookies()] as [string, string]] : []),
  ]
  return {
    jar,
    cookies,
    async check(path: string, extra?: Record<string, string>, method = 'GET'): Promise<CheckAnswer> {
      const answer = await provider.check(aCheck({ path, method, headers: headersOf(extra) }))
      keep(answer)
      return answer
    },
    async visit(path: string, extra?: Record<string, string>, method = 'GET'): Promise<CheckAnswer> {
      const url = `http://door.test${path}`
      const response = await provider.handle(new Request(url, { method, headers: headersOf(extra) }))
      const answer = { status: response.status, headers: [...response.headers], body: await response.text() }
      keep(answer)
      return answer
    },
  }
}

export function aCheck(parts: Partial<Check> = {}): Check {
  return {
    provider: 'oauth2-proxy',
    service: 'outbound|80||oauth2-proxy.oauth2-proxy.svc.cluster.local',
    method: 'GET',
    path: '/',
    host: 'door.test',
    headers: [],
    protocol: 'http',
    timeoutMs: 600_000,
    ...parts,
  }
}

export function header(answer: Pick<CheckAnswer, 'headers'>, name: string): string | undefined {
  return answer.headers.find(([one]) => one.toLowerCase() === name)?.[1]
}

export function setCookiesOf(answer: Pick<CheckAnswer, 'headers'>): readonly string[] {
  return answer.headers.filter(([one]) => one.toLowerCase() === 'set-cookie').map(([, value]) => value)
}
