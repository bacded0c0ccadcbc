import type { At } from '../../base/index.ts'
import type { HeaderOperations, HttpRoute, StringMatch } from '../../mesh/index.ts'
import { child, list, number, strings, text } from './json.ts'

/** Names in lower case; of one written twice the first counts. */
export function convertHeaders(filter: unknown): HeaderOperations {
  const pairs = (name: string) => {
    const result: Record<string, string> = {}
    for (const entry of list(child(filter, name))) {
      const key = (text(child(entry, 'name')) ?? '').toLowerCase()
      if (!Object.hasOwn(result, key)) result[key] = text(child(entry, 'value')) ?? ''
    }
    return result
  }
  return { set: pairs('set'), add: pairs('add'), remove: strings(child(filter, 'remove')) }
}

export function convertRewrite(filter: unknown, at: At): HttpRoute['rewrite'] {
  const path = child(filter, 'path')
  const type = text(child(path, 'type'))
  const prefix = text(child(path, 'replacePrefixMatch'))
  const authority = text(child(filter, 'hostname'))
  const uri = type === 'ReplacePrefixMatch' ? (prefix ?? '').replace(/\/$/, '') || '/' : undefined
  const full = type === 'ReplaceFullPath' ? (text(child(path, 'replaceFullPath')) ?? '') : undefined
  if (uri === undefined && full === undefined && !authority) return undefined
  return {
    at,
    ...(uri !== undefined && { uri }),
    ...(full !== undefined && { uriRegexRewrite: { match: '/.*', rewrite: full } }),
    ...(authority && { authority }),
  }
}

export function convertRedirect(
  filter: unknown,
  at: At,
): { readonly redirect: NonNullable<HttpRoute['redirect']>; readonly prefix?: string } {
  const scheme = text(child(filter, 'scheme'))
  const port = number(child(filter, 'port'))
  const path = child(filter, 'path')
  const type = text(child(path, 'type'))
  const derive = scheme === undefined ? 'FROM_REQUEST_PORT' : 'FROM_PROTOCOL_DEFAULT'
  const prefix = type === 'ReplacePrefixMatch' ? text(child(path, 'replacePrefixMatch')) : undefined
  return {
    redirect: {
      at,
      redirectCode: number(child(filter, 'statusCode')) ?? 302,
      ...(text(child(filter, 'hostname')) && { authority: text(child(filter, 'hostname')) }),
      ...(scheme !== undefined && { scheme }),
      ...(port === undefined ? { derivePort: derive } : { port }),
      ...(type === 'ReplaceFullPath' && { uri: text(child(path, 'replaceFullPath')) ?? '' }),
    },
    ...(prefix && { prefix }),
  }
}

/** What `*` alone stands for: anything that looks like an origin. */
const anyOrigin = '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$'

export function convertCors(filter: unknown, at: At): HttpRoute['corsPolicy'] {
  const maxAge = number(child(filter, 'maxAge')) ?? 5
  return {
    at,
    allowOrigins: strings(child(filter, 'allowOrigins'))
      .filter((origin) => origin !== '')
      .map((origin) => originMatch(origin, at)),
    allowMethods: strings(child(filter, 'allowMethods')),
    allowHeaders: strings(child(filter, 'allowHeaders')),
    exposeHeaders: strings(child(filter, 'exposeHeaders')),
    ...(maxAge > 0 && { maxAgeSeconds: maxAge }),
    allowCredentials: child(filter, 'allowCredentials') === true,
    unmatchedPreflights: 'IGNORE',
  }
}

function originMatch(origin: string, at: At): StringMatch {
  if (origin === '*') return { at, kind: 'regex', text: anyOrigin }
  const star = origin.indexOf('*')
  if (star === -1) return { at, kind: 'exact', text: origin }
  if (star === origin.length - 1) return { at, kind: 'prefix', text: origin.slice(0, -1) }
  const quoted = origin.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&').replaceAll('\\*', '.*')
  return { at, kind: 'regex', text: `^${quoted}$` }
}
