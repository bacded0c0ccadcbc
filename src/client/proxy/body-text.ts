import { brotliDecompressSync, constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** What a body may become; more than that is nothing anybody reads. */
const MOST = 4 * 1024 * 1024
/** The end may be missing: only the beginning of a body was kept. */
const cut = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST }

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gunzipSync(body, cut),
  'x-gzip': (body) => gunzipSync(body, cut),
  deflate: (body) => inflateSync(body, cut),
  br: (body) =>
    brotliDecompressSync(body, {
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
      maxOutputLength: MOST,
    }),
  zstd: (body) => zstdDecompressSync(body, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: MOST }),
}

/**
 * The beginning of a body as a person reads it, out of its content coding (RFC 9110, 8.4): clients ask for
 * gzip, and a sign-in page in it is a sign-in page all the same. Empty where it cannot be read.
 *
 * @param coding the `content-encoding`
 * @param limit characters
 */
export function bodyText(parts: readonly Buffer[], coding: string | undefined, limit: number): string {
  let body = Buffer.concat(parts)
  try {
    for (const name of (coding ?? '').toLowerCase().split(',').reverse()) {
      const word = name.trim()
      if (word === '' || word === 'identity') continue
      const decode = decoders[word]
      if (decode === undefined) return ''
      body = decode(body) as typeof body
    }
  } catch {
    return ''
  }
  return body.toString('utf8').slice(0, limit)
}
