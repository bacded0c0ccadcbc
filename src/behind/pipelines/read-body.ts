/** The body was longer than this server reads. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** The whole body, of at most `limit` bytes; a longer one is not read to its end. @throws TooLarge */
export async function readBody(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

const tooLarge = (limit: number) => new TooLarge(`request body too large: more than ${limit} bytes`)
