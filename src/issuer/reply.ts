import { escapeHtml, type Html } from './pages/html.ts'

/**
 * No script, no style but the page's own, no request to anywhere, no frame around it. `form-action`
 * is left out on purpose: browsers apply it to the redirects after a form too, and the way back to
 * the client may lead to another origin.
 */
function contentSecurityPolicy(styleHash: string): string {
  return `default-src 'none'; style-src '${styleHash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`
}

export function page(
  status: number,
  body: Html,
  styleHash: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(body.text, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(styleHash),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      ...headers,
    },
  })
}

const statusText = { 302: 'Found', 303: 'See Other' } as const

/**
 * Go's http.Redirect: a GET gets a short page with the link, other methods nothing. `location` is
 * a path or a URL that was registered; it goes out as it is.
 */
export function redirect(request: Request, status: 302 | 303, location: string): Response {
  const headers = {
    location,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return new Response(null, { status, headers })
  return new Response(`<a href="${escapeHtml(location)}">${statusText[status]}</a>.\n\n`, {
    status,
    headers: { ...headers, 'content-type': 'text/html; charset=utf-8' },
  })
}

export function json(value: unknown, headers: Record<string, string> = {}, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', ...headers },
  })
}

/** RFC 6749 §5.1: what carries tokens is stored nowhere. */
export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** The token endpoint's error, in Dex's shape. */
export function tokenError(status: number, error: string, description = ''): Response {
  return json(description ? { error, error_description: description } : { error }, noStore, status)
}

/** Go's http.NotFound. */
export function notFound(): Response {
  return new Response('404 page not found\n', {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
}
