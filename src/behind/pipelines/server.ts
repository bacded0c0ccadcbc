import { randomUUID } from 'node:crypto'
import { createAuthorize } from './auth.ts'
import { code, Refusal } from './failure.ts'
import type { PipelinesOptions } from './options.ts'
import { readBody, TooLarge } from './read-body.ts'
import { type Traits, traits } from './release.ts'
import { gatewayError, json, refusalResponse, unrouted } from './reply.ts'
import { matchRoute } from './routes.ts'
import type { Call, Route, Service } from './service.ts'
import { openDatabase } from './store/database.ts'
import { uploadPipeline, uploadVersion } from './upload.ts'
import { DecodeError, located } from './wire/decode.ts'
import { compact } from './wire/encode.ts'
import { type ApiVersion, readMessage } from './wire/query.ts'

export interface Pipelines {
  readonly handle: (request: Request, info?: { readonly remoteAddress?: string }) => Promise<Response>
  readonly close: () => void
}

/** gRPC's default limit for one message, which a gateway body becomes. */
const maxMessage = 4 * 2 ** 20

/** `commit_sha` of healthz: no commit of Pipelines, and the place where a client's log says so. */
const commit = 'kfdoor: records runs, executes none'

/**
 * The Pipelines API (v1beta1 and v2beta1) as one web handler, for `/apis/…` and, as the UI server
 * passes it on, `/pipeline/apis/…`. It records what it is given and executes nothing.
 *
 * @example
 * const pipelines = createPipelines({ store: ':memory:', multiUser: true, … })
 * const response = await pipelines.handle(new Request('http://ml-pipeline/apis/v2beta1/healthz'))
 * pipelines.close()
 */
export function createPipelines(options: PipelinesOptions): Pipelines {
  const release = traits[options.release]
  const authorize = createAuthorize(options)
  const service: Service = {
    options,
    traits: release,
    db: openDatabase(options.store),
    now: () => Math.floor(options.clock() / 1000),
    newId: randomUUID,
    authorize: async (call, attributes) => {
      if (options.multiUser) await authorize(call.headers, attributes)
    },
  }
  const unknownPath = () => unrouted(404, release)

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const path = url.pathname.replace(/^\/pipeline(?=\/apis\/)/, '')
    const api: ApiVersion | undefined = /^\/apis\/(v1beta1|v2beta1)\//.exec(path)?.[1] as ApiVersion
    if (!api) return unknownPath()
    if (api === 'v2beta1' && options.apis === 'as-released' && !release.v2beta1) return unknownPath()
    if (path === `/apis/${api}/healthz`) return json(health(options, api))
    if (path === `/apis/${api}/pipelines/upload`) {
      return uploadPipeline(service, request, url.searchParams, api)
    }
    if (path === `/apis/${api}/pipelines/upload_version`) {
      return uploadVersion(service, request, url.searchParams, api)
    }
    const found = matchRoute(request.method, path)
    if (!found) return unknownPath()
    if (found === 'method') return unrouted(405, release)
    const { route, params } = found
    const body = await readMessageOf(request, route)
    const call: Call = { api, headers: request.headers, params, query: url.searchParams, body }
    return json(compact(await route.handler(service, call)))
  }

  async function readMessageOf(request: Request, route: Route): Promise<Call['body']> {
    if (route.body === undefined) return {}
    const bytes = await readBody(request, maxMessage)
    // The gateway reads an empty body as a message without fields.
    const text = new TextDecoder().decode(bytes)
    if (text.trim() === '') return {}
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw new DecodeError('syntax error: the body is not JSON')
    }
    try {
      return readMessage(route.body, value)
    } catch (error) {
      throw error instanceof DecodeError ? new DecodeError(inGateway(error, text, release)) : error
    }
  }

  return {
    async handle(request) {
      try {
        return await answer(request)
      } catch (error) {
        if (error instanceof Refusal) return refusalResponse(error, release)
        if (error instanceof DecodeError) {
          const prefix = release.gateway === 2 ? 'proto: ' : ''
          return gatewayError(code.invalidArgument, `${prefix}${error.message}`, [], release)
        }
        if (error instanceof TooLarge) return gatewayError(code.invalidArgument, error.message, [], release)
        options.log?.(`pipelines: ${error instanceof Error ? error.stack : String(error)}`)
        return gatewayError(code.internal, 'Internal Server Error', [], release)
      }
    },
    close: () => service.db.close(),
  }
}

/** Version 2 says where something is wrong; version 1, which message has no such field. */
function inGateway(error: DecodeError, text: string, { gateway }: Traits): string {
  if (gateway === 2) return located(error, text)
  return error.lacking === undefined ? error.message : `${error.message} in ${error.lacking}`
}

const health = (options: PipelinesOptions, api: ApiVersion) => ({
  commit_sha: commit,
  tag_name: options.release,
  multi_user: options.multiUser,
  ...(api === 'v2beta1' && traits[options.release].namesStore ? { pipeline_store: 'database' } : {}),
})
