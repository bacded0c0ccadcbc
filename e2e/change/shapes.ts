/** One request in the shapes that proxies have read differently: whoever may not send it may send none of them. */

export interface Shape {
  readonly what: string
  readonly host: string
  readonly path: string
  /** A gateway takes it for the same request. */
  readonly same?: true
}

export function shapesOf(host: string, path: string): readonly Shape[] {
  const last = path.lastIndexOf('/')
  const paths: readonly (readonly [what: string, path: string, same?: true])[] = [
    ['as it is', path, true],
    ['with a query', `${path}?a=/../b`, true],
    ['with a fragment', `${path}#x`],
    ['by a way round', `/x/..${path}`],
    ['with a dot', `/.${path}`],
    ['with two slashes', `/${path}`],
    ['with an encoded slash', `${path.slice(0, last)}%2F${path.slice(last + 1)}`],
    ['with a backslash', `${path.slice(0, last)}\\${path.slice(last + 1)}`],
    ['with an encoded letter', path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)],
    ['with an encoded dot', `/%2e${path}`],
    ['with an encoded colon', path.replace(':', '%3A')],
    ['in capitals', path.toUpperCase()],
    ['with a parameter', `${path};a=1`],
    ['with a parameter before', path.replace(/^\/[^/]+/, (first) => `${first};a=1`)],
    ['with a slash behind', `${path}/`],
    ['with an encoded NUL', `${path}%00`],
  ]
  const hosts: readonly (readonly [what: string, host: string])[] = [
    ['its host in capitals', host.toUpperCase()],
    ['its host with a dot', `${host}.`],
    ['its host with a port', `${host}:80`],
    ['its host with another port', `${host}:8443`],
    ['its host with two ports', `${host}:1:2`],
  ]
  return [
    ...paths.map(([what, each, same]) => ({ what, host, path: each, ...(same && { same }) })),
    ...hosts.map(([what, each]) => ({ what, host: each, path })),
  ]
}
