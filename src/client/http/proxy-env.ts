/**
 * Which HTTP proxy stands between us and a URL, read as curl and Go do: `HTTPS_PROXY` or `HTTP_PROXY`
 * by the scheme of the URL, `ALL_PROXY` for either, lower case first; `NO_PROXY` takes hosts back out.
 * Upper-case `HTTP_PROXY` is heard too: this is never a CGI program. Loopback is never proxied.
 */
type Environment = Readonly<Record<string, string | undefined>>

export function proxyFor(url: URL, env: Environment): URL | undefined {
  if (isLoopback(url.hostname)) return undefined
  if (exempt(url, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined
  const own =
    url.protocol === 'https:' ? (env.https_proxy ?? env.HTTPS_PROXY) : (env.http_proxy ?? env.HTTP_PROXY)
  const text = own || env.all_proxy || env.ALL_PROXY
  if (!text) return undefined
  const whole = text.includes('://') ? text : `http://${text}`
  return URL.canParse(whole) ? new URL(whole) : undefined
}

/** `*`, `example.com`, `.example.com`, `example.com:8443`, `10.1.2.3`; comma or space between. */
function exempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
      if (only !== undefined && only !== port) return false
      const bare = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '')
      return bare !== '' && (host === bare || host.endsWith(`.${bare}`))
    })
}

/** Names and addresses that never leave this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
  )
}
