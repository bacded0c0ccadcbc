/** A JSON answer of the server, or the bytes of one. */
export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const bytes = new TextEncoder().encode(text)
  return new Response(bytes, {
    status,
    headers: {
      server: 'uvicorn',
      'content-length': String(bytes.length),
      'content-type': 'application/json',
      ...headers,
    },
  })
}
