import type { Attributes } from './attributes.ts'
import { replaceMatched } from './rewrite.ts'
import type { RedirectAction, Route } from './route.ts'

/** Where a redirect route sends a request: envoy `http/utility.cc`, newUri. */
export function redirectLocation(
  route: Route,
  action: RedirectAction,
  attributes: Attributes,
  forwardedProto: string,
): string {
  const { source } = attributes
  const scheme = action.scheme ?? source.scheme
  const port = action.port === 0 ? '' : `:${action.port}`
  const host = action.host ?? keptHost(source.host, scheme, port, forwardedProto)
  return `${scheme}://${host}${port}${redirectPath(route, action, attributes)}`
}

/** The Host as sent; its port goes when the redirect has one, or when it was the old scheme's usual one. */
function keptHost(host: string, scheme: string, port: string, forwardedProto: string): string {
  const bracket = host.startsWith('[') ? host.lastIndexOf(']:') : -1
  const colon = host.startsWith('[') ? (bracket === -1 ? -1 : bracket + 1) : host.lastIndexOf(':')
  if (colon === -1) return host
  const own = host.slice(colon)
  const usual = forwardedProto === 'https' ? ':443' : forwardedProto === 'http' ? ':80' : undefined
  const drop = port !== '' || (scheme !== forwardedProto && own === usual)
  return drop ? host.slice(0, colon) : host
}

/** A path with a query of its own replaces the request's query too. */
function redirectPath(route: Route, action: RedirectAction, attributes: Attributes): string {
  const { path } = attributes.source
  if (action.prefix !== undefined) return replaceMatched(route.path, action.prefix, path)
  if (action.path === undefined) return path
  const mark = path.indexOf('?')
  const to = action.path.startsWith('/') ? action.path : `/${action.path}`
  return to.includes('?') || mark === -1 ? to : to + path.slice(mark)
}

/** `createSslRedirectPath`: the port of Host stays. */
export function httpsLocation(host: string, path: string): string {
  return `https://${host}${path}`
}
