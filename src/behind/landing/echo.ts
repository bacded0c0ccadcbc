/** Headers whose value lets its holder in. */
const secretHeaders = new Set([
  'authorization',
  'proxy-authorization',
  'x-auth-token',
  'x-auth-request-access-token',
  'x-forwarded-access-token',
])

/** The largest body that is counted. */
const largest = 32 * 1024 * 1024

/**
 * Answers every request with what it received, as JSON: method, path with query, host, headers in
 * order, the size of the body. Credentials are named and measured but not repeated: `Bearer` stays,
 * its token does not; a cookie's name stays, its value does not.
 */
export function createEcho(): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url)
    const size = await sizeOf(request)
    const body = {
      method: request.method,
      path: `${url.pathname}${url.search}`,
      host: request.headers.get('host') ?? url.host,
      headers: [...request.headers].map(([name, value]) => [name, masked(name, value)]),
      body: { bytes: size },
    }
    return new Response(request.method === 'HEAD' ? null : `${JSON.stringify(body, null, 2)}\n`, {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    })
  }
}

function masked(name: string, value: string): string {
  if (name === 'cookie') {
    return value
      .split(';')
      .map((pair) => {
        const [cookie = '', ...rest] = pair.trim().split('=')
        return rest.length === 0 ? hidden(cookie) : `${cookie}=${hidden(rest.join('='))}`
      })
      .join('; ')
  }
  if (!secretHeaders.has(name)) return value
  const [, scheme, secret] = /^([A-Za-z-]+) +(.+)$/.exec(value) ?? []
  return scheme !== undefined && secret !== undefined ? `${scheme} ${hidden(secret)}` : hidden(value)
}

const hidden = (secret: string): string => `<${secret.length} characters>`

async function sizeOf(request: Request): Promise<number> {
  let size = 0
  for await (const part of request.body ?? []) {
    size += (part as Uint8Array).length
    if (size > largest) break
  }
  return size
}
