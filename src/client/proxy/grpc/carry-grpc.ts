import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { challengeOf } from '../../challenge.ts'
import type { Pass } from '../../door-session.ts'
import { isShut, type ProxiedDoor, refusalOf, signInAgain } from '../carry.ts'
import { headersOut } from '../headers.ts'
import { KEPT, type Observe, observed } from '../observe.ts'
import { Upload } from './upload.ts'
import { grouped, headOf, httpStatus, isGrpc, messageOf, refuse, text, trailersOf } from './words.ts'

export interface GrpcCall {
  readonly stream: ServerHttp2Stream
  readonly rawHeaders: readonly string[]
  /** At the door, without its base. */
  readonly path: string
  readonly door: ProxiedDoor
  readonly observe?: Observe
}

type Outcome = 'done' | 'challenged'

/**
 * Carries one call of gRPC to the door, messages both ways as they come and trailers behind them. A door
 * that asks for a sign-in is given the next credential once, and what was sent so far is sent again; a
 * failure of ours is a status of gRPC and not a page.
 */
export async function carryGrpc(call: GrpcCall): Promise<void> {
  const { stream, door } = call
  stream.on('error', () => {})
  const upload = new Upload(stream)
  try {
    for (let attempt = 0; ; attempt++) {
      const pass = await door.session.pass(door.url)
      if ((await once(call, upload, pass)) === 'done') return
      const again = attempt === 0 && upload.whole && (await door.session.refused(pass.version))
      if (!again) return refuse(stream, signInAgain(door))
    }
  } catch (error) {
    refuse(stream, refusalOf(error, door))
  }
}

async function once(call: GrpcCall, upload: Upload, pass: Pass): Promise<Outcome> {
  const { stream, door, path } = call
  const session = await door.agent.http2(door.url)
  const began = performance.now()
  const upstream = session.request(
    {
      ':method': 'POST',
      ':path': `${door.base}${path}`,
      ':authority': door.host,
      ':scheme': door.url.protocol.slice(0, -1),
      ...grouped(headersOut(call.rawHeaders, pass.headers, door.host)),
      te: 'trailers',
    },
    { endStream: false },
  )
  const gone = () => upstream.close(constants.NGHTTP2_CANCEL)
  stream.once('close', gone)
  return new Promise((resolve, reject) => {
    let over = false
    let deciding = false
    let head: IncomingHttpHeaders | undefined
    let trailers: IncomingHttpHeaders = {}
    const settle = (act: () => void) => {
      if (over) return
      over = true
      stream.off('close', gone)
      act()
    }
    const finish = (outcome: Outcome) =>
      settle(() => {
        tell(call, { ...head, ...trailers }, outcome, performance.now() - began, pass)
        resolve(outcome)
      })
    const fail = (error: unknown) => settle(() => door.agent.explain(error, door.url).then(reject, reject))
    const challenged = () => {
      upload.detach()
      finish('challenged')
      gone()
    }
    upload.attach({
      upstream,
      isOpen: async () => {
        const open = !(await isShut(door, pass))
        if (!open && head === undefined) challenged()
        return open
      },
      failed: fail,
    })
    upstream.on('response', async (headers, flags) => {
      head = headers
      const only = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
      upstream.pause()
      deciding = true
      // Where the door cannot be asked, what it answered stands.
      const asks = await asksSignIn(headers, only, door, pass).catch(() => false)
      deciding = false
      if (asks) return challenged()
      if (over || stream.destroyed) return gone()
      upload.taken()
      if (only) {
        stream.respond(headOf(headers), { endStream: true })
        return finish('done')
      }
      if (!isGrpc(text(headers['content-type']))) {
        const status = Number(headers[':status'])
        const message = `the door ${door.name} answered ${status} and no gRPC`
        refuse(stream, { status: status >= 400 ? status : 502, code: 'no-grpc', message })
        finish('done')
        return gone()
      }
      stream.respond(headOf(headers), { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(trailers)))
      stream.on('drain', () => upstream.resume())
      upstream.on('data', (chunk: Buffer) => {
        if (!stream.write(chunk)) upstream.pause()
      })
      upstream.on('end', () => stream.end())
      upstream.resume()
    })
    upstream.on('trailers', (found) => {
      trailers = found
    })
    upstream.on('error', (error) => {
      if (!stream.headersSent) return fail(error)
      finish('done')
      stream.close(upstream.rstCode || constants.NGHTTP2_INTERNAL_ERROR)
    })
    upstream.on('close', () => {
      if (deciding) return
      if (head !== undefined || stream.destroyed) finish('done')
      else fail(new Error('it closed the call without an answer'))
    })
  })
}

/** Codes a gateway gives a call it does not let through; which of them means "sign in" the door itself tells. */
const doubtfulCodes = new Set(['2', '7', '16'])

/**
 * Whether an answer to a call means "sign in". A gateway turns its refusals of gRPC into a status without
 * messages; which refusal it was is seen by asking the door for a page.
 */
async function asksSignIn(
  headers: IncomingHttpHeaders,
  only: boolean,
  door: ProxiedDoor,
  pass: Pass,
): Promise<boolean> {
  const status = Number(headers[':status'])
  const asks = challengeOf({ status, url: door.url, header: (name) => text(headers[name]) })
  if (asks === 'yes') return true
  const doubtful = asks === 'read' || (only && doubtfulCodes.has(text(headers['grpc-status']) ?? ''))
  return doubtful && (await isShut(door, pass))
}

function tell(
  { door, path, observe }: GrpcCall,
  headers: IncomingHttpHeaders,
  outcome: Outcome,
  took: number,
  pass: Pass,
) {
  const status = Number(headers[':status'] ?? 0)
  const grpc = text(headers['grpc-status']) ?? ''
  const seen = status === 200 ? httpStatus(grpc) : status
  observe?.(
    observed({
      method: 'POST',
      target: `${door.base}${path}`,
      status: seen,
      header: (name) => text(headers[name]),
      ...(seen >= 400 && { body: messageOf(headers).slice(0, KEPT) }),
      challenged: outcome === 'challenged',
      took,
      credential: pass.headers,
    }),
  )
}
