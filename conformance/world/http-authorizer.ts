import type { HeaderList } from '../../src/policy/index.ts'
import { alice, cookieOf, denied, directiveOf, refusalOf, sessionCookie } from './directive.ts'
import type { Received, Reply } from './duplex-server.ts'

const plain = ['content-type', 'text/plain; charset=utf-8'] as const

/** The external authorizer of the recordings, asked over HTTP. */
export function httpAuthorizer({ headers, path, host }: Received): Reply {
  const directive = directiveOf(headers, path)
  switch (directive) {
    case 'allow':
    case 'allow204': {
      const token = cookieOf(headers, 'idtoken')
      const given: HeaderList = [
        ...alice,
        ['y-auth-suffix', 's1'],
        ['x-auth-saw-path', path],
        sessionCookie,
        ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as const]),
      ]
      if (directive === 'allow204') return { status: 204, headers: given, body: '' }
      return { status: 200, headers: [...given, plain], body: 'allowed by auth service' }
    }
    case 'error':
      return { status: 500, headers: [plain], body: 'auth service error' }
    case 'slow':
      return { status: 200, headers: [], body: '', delayMs: 1500 }
    case 'drop':
      return { status: 0, headers: [], body: '', drop: true }
  }
  const refusal = refusalOf(directive, host)
  if (refusal !== undefined) return { ...refusal, headers: [...refusal.headers, plain] }
  return denied
}
