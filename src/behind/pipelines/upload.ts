/**
 * `pipelines/upload` and `pipelines/upload_version`: multipart forms beside the gRPC gateway, with
 * their own form of refusal (backend/src/apiserver/server/pipeline_upload_server.go).
 */
import { basename } from 'node:path'
import { code, Refusal, within } from './failure.ts'
import { maxFileLength, readPackage } from './package-file.ts'
import {
  getPipeline,
  insertPipelineAndVersion,
  mayAccessPipeline,
  pipelineToApiV1,
  toApi,
} from './pipelines.ts'
import { readBody, TooLarge } from './read-body.ts'
import { json } from './reply.ts'
import { effectiveNamespace, type Service } from './service.ts'
import { checkPipelineName, parseTemplate, type Template } from './template.ts'
import { insertVersion, versionToApi, versionToApiV1 } from './versions.ts'
import type { ApiVersion } from './wire/query.ts'

/** Boundaries and part headers. */
const formOverhead = 2 ** 20

interface Upload {
  readonly name: string
  readonly displayName: string
  readonly description: string
  readonly text: string
}

/** Pipelines' own words for what failed; the reason is told in `error_details`, by old releases in both. */
function refused(service: Service, status: number, doing: string, reason: unknown): Response {
  const cause = reason instanceof Error ? reason.message : String(reason)
  const whole = `${doing}: ${cause}`
  return json({ error_message: service.traits.uploadReasons ? whole : doing, error_details: whole }, status)
}

/** http.Error: plain text. */
const plain = (text: string, status: number) =>
  new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })

async function readUpload(request: Request, query: URLSearchParams): Promise<Upload> {
  const bytes = await readBody(request, maxFileLength + formOverhead)
  const contentType = request.headers.get('content-type') ?? ''
  let file: unknown
  try {
    const form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData()
    file = form.get('uploadfile')
  } catch {
    throw new Error("request Content-Type isn't multipart/form-data")
  }
  if (!(file instanceof File)) throw new Error('http: no such file')
  const fileName = basename(file.name)
  const displayName = query.get('display_name') ?? ''
  return {
    name: query.get('name') || displayName || fileName,
    displayName,
    description: query.get('description') ?? '',
    text: readPackage(fileName, new Uint8Array(await file.arrayBuffer())),
  }
}

const tooLong = (kind: string, field: string, value: string, limit: number) =>
  value.length > limit
    ? plain(`Invalid input error: ${kind}.${field} length cannot exceed ${limit}`, 400)
    : undefined

const isRefusal = (error: unknown, wanted?: number) =>
  error instanceof Refusal && (wanted === undefined || error.code === wanted)

export async function uploadPipeline(
  service: Service,
  request: Request,
  query: URLSearchParams,
  api: ApiVersion,
): Promise<Response> {
  let upload: Upload
  try {
    upload = await readUpload(request, query)
  } catch (error) {
    const doing = isRefusal(error)
      ? 'Failed to read a pipeline spec file'
      : 'Failed to read pipeline from file'
    return refused(service, error instanceof TooLarge ? 413 : 400, doing, error)
  }
  const asked = query.get('namespace') ?? ''
  const long = tooLong('Pipeline', 'Namespace', asked, 63) ?? tooLong('Pipeline', 'Name', upload.name, 128)
  if (long) return long
  const namespace = effectiveNamespace(service, asked)
  try {
    await within('Authorization Failure', () => mayAccessPipeline(service, request, 'create', { namespace }))
  } catch (error) {
    if (!isRefusal(error)) throw error
    return refused(service, 400, 'Failed to create a pipeline', error)
  }
  try {
    const template = templateOf(upload)
    const { pipeline } = insertPipelineAndVersion(service, { ...upload, namespace }, template)
    return json(api === 'v1beta1' ? pipelineToApiV1(service, pipeline) : toApi(pipeline))
  } catch (error) {
    if (!isRefusal(error)) throw error
    const taken = isRefusal(error, code.alreadyExists)
    return refused(service, taken ? 409 : 500, 'Failed to create a pipeline and a pipeline version', error)
  }
}

export async function uploadVersion(
  service: Service,
  request: Request,
  query: URLSearchParams,
  api: ApiVersion,
): Promise<Response> {
  const doing = 'Failed to create a pipeline version'
  let upload: Upload
  const pipelineId = query.get('pipelineid') ?? ''
  try {
    upload = await readUpload(request, query)
    if (pipelineId === '') throw new Error('please specify a pipeline id when creating versions')
    const long = tooLong('PipelineVersion', 'Name', upload.name, 127)
    if (long) return long
    getPipeline(service, pipelineId)
    await within('Authorization Failure', () =>
      mayAccessPipeline(service, request, 'create', { id: pipelineId }),
    )
  } catch (error) {
    return refused(service, error instanceof TooLarge ? 413 : 400, doing, error)
  }
  try {
    const template = templateOf(upload)
    if (template.kind === 'v2') checkPipelineName(template.name)
    const version = insertVersion(service, { ...upload, pipelineId, uri: '', codeSourceUrl: '', template })
    return json(api === 'v1beta1' ? versionToApiV1(version) : versionToApi(version))
  } catch (error) {
    if (!isRefusal(error)) throw error
    return refused(service, isRefusal(error, code.alreadyExists) ? 409 : 500, doing, error)
  }
}

const templateOf = (upload: Upload): Template => parseTemplate(upload.text)
