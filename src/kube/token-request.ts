import { request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { Fault } from '../base/index.ts'
import type { ClusterAccess } from './kubeconfig.ts'

export interface RequestedToken {
  readonly token: string
  /** ms */
  readonly expiresAt: number
}

const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/

/**
 * A token of a service account, as `kubectl create token` asks for one (authentication.k8s.io/v1
 * TokenRequest). Without audiences it is for the API server.
 *
 * @throws Fault ERR_TOKEN_REQUEST, ERR_DOOR_UNREACHABLE
 */
export async function requestToken(
  cluster: ClusterAccess,
  account: { readonly namespace: string; readonly name: string },
  options: {
    readonly audiences?: readonly string[]
    readonly seconds?: number
    readonly signal?: AbortSignal
  } = {},
): Promise<RequestedToken> {
  const named = `${account.namespace}/${account.name}`
  if (!NAME.test(account.namespace) || !NAME.test(account.name)) {
    throw new Fault('ERR_SERVICE_ACCOUNT_INVALID', { what: 'namespace and name', value: named })
  }
  const { status, body } = await post(
    cluster,
    `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: options.audiences ?? [], expirationSeconds: options.seconds ?? 3600 },
    },
    options.signal,
  )
  const answer = parse(body)
  const token = answer.status?.token
  if (status < 200 || status > 299 || typeof token !== 'string') {
    const reason = answer.message ?? `the API server answers ${status}`
    throw new Fault('ERR_TOKEN_REQUEST', { account: named, reason: reason.slice(0, 300) })
  }
  return { token, expiresAt: Date.parse(answer.status?.expirationTimestamp ?? '') }
}

interface TokenRequestAnswer {
  readonly status?: { readonly token?: string; readonly expirationTimestamp?: string }
  readonly message?: string
}

function parse(text: string): TokenRequestAnswer {
  try {
    const value = JSON.parse(text) as TokenRequestAnswer & { status?: unknown }
    // A Status object has a word there.
    return typeof value.status === 'object' ? value : { message: value.message }
  } catch {
    return {}
  }
}

function post(
  cluster: ClusterAccess,
  path: string,
  content: unknown,
  signal: AbortSignal | undefined,
): Promise<{ status: number; body: string }> {
  const { server, ca, insecure, token, clientCertificate, clientKey } = cluster
  const body = JSON.stringify(content)
  const base = server.pathname.replace(/\/$/, '')
  return new Promise((done, failed) => {
    const call = (server.protocol === 'http:' ? plainRequest : request)(
      new URL(base + path, server),
      {
        method: 'POST',
        agent: false,
        timeout: 15_000,
        signal,
        ca,
        rejectUnauthorized: !insecure,
        cert: clientCertificate,
        key: clientKey,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'content-length': Buffer.byteLength(body),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', failed)
        response.on('end', () =>
          done({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
        )
      },
    )
    call.on('timeout', () => call.destroy(new Error('it did not answer in 15 s')))
    call.on('error', (error) =>
      failed(
        signal?.aborted
          ? signal.reason
          : new Fault(
              'ERR_DOOR_UNREACHABLE',
              { url: server.origin, reason: error.message },
              { cause: error },
            ),
      ),
    )
    call.end(body)
  })
}
