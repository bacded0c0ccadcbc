/**
 * `pipelines/upload` and `pipelines/upload_version`: multipart forms beside the gRPC gateway, with
 * their own form of refusal (backend/src/apiserver/server/pipeline_upload_server.go).
 */
import { basename } from 'node:path'
import { type Code, code, Refusal, within } from './failure.ts'
import { maxFileLength, readPackage } from './package-file.ts'
import {
  getPipeline,
  insertPipelineAndVersion,
  mayAccessPipeline,
  pipelineToApi,
  pipelineToApiV1,
} from './pipeline-rows.ts'
import { readBody, TooLarge } from './read-body.ts'
import { json } from './reply.ts'
import { effectiveNamespace, type Service } from './service.ts'
import { checkPipelineName, parseTemplate } from './template.ts'
import { type Step, type Target, uploadWords } from './upload-words.ts'
import { insertVersion, versionToApi, versionToApiV1 } from './version-rows.ts'
import type { ApiVersion } from './wire/query.ts'

/** Boundaries and part headers. */
const formOverhead = 2 ** 20

interface UploadedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** One step of an upload failed; `reason` is told to the caller. */
class Failed extends Error {
  override readonly name = 'Failed'
  readonly step: Step
  readonly status: number
  readonly code: Code | undefined
  constructor(step: Step, status: number, reason: string, cause?: Refusal) {
    super(reason)
    this.step = step
    this.status = status
    this.code = cause?.code
  }
}

/** Runs one step; a refusal in it ends the upload with that status. */
async function during<T>(step: Step, status: number, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Failed || !(error instanceof Refusal)) throw error
    throw new Failed(step, status, error.chain, error)
  }
}

async function answered(service: Service, target: Target, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    const doing = uploadWords(service.traits, target, error.step)
    const details = `${doing}: ${error.message}`
    const told = service.traits.uploads === 'quiet' ? doing : details
    return json({ error_message: told, error_details: details }, error.status)
  }
}

async function readFile(request: Request): Promise<UploadedFile> {
  let file: unknown
  try {
    const bytes = await readBody(request, maxFileLength + formOverhead)
    const contentType = request.headers.get('content-type') ?? ''
    const form = await new Response(bytes, { headers: { 'content-type': contentType } }).formData()
    file = form.get('uploadfile')
  } catch (error) {
    if (error instanceof TooLarge) throw new Failed('form', 413, error.message)
    throw new Failed('form', 400, "request Content-Type isn't multipart/form-data, or its form is broken")
  }
  if (!(file instanceof File)) throw new Failed('form', 400, 'http: no such file')
  return { name: basename(file.name), bytes: new Uint8Array(await file.arrayBuffer()) }
}

const readTemplate = (file: UploadedFile) => during('file', 400, () => readPackage(file.name, file.bytes))

/** Name, display name and description come in the query; the file's name stands in for a missing one. */
function naming(query: URLSearchParams, file: UploadedFile) {
  const displayName = query.get('display_name') ?? ''
  return {
    name: query.get('name') || displayName || file.name,
    displayName,
    description: query.get('description') ?? '',
  }
}

/** http.Error: plain text. */
function tooLong(field: string, value: string, limit: number): Response | undefined {
  if (value.length <= limit) return undefined
  return new Response(`Invalid input error: ${field} length cannot exceed ${limit}\n`, {
    status: 400,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  })
}

/** The name is taken, or the text is no pipeline. */
async function storing<T>(service: Service, work: () => T): Promise<T> {
  try {
    return await during('store', 500, work)
  } catch (error) {
    const taken = error instanceof Failed && error.code === code.alreadyExists
    throw taken && service.traits.uploadConflict ? new Failed('taken', 409, error.message) : error
  }
}

export const uploadPipeline = (
  service: Service,
  request: Request,
  query: URLSearchParams,
  api: ApiVersion,
): Promise<Response> =>
  answered(service, 'pipeline', async () => {
    const file = await readFile(request)
    const text = await readTemplate(file)
    const names = naming(query, file)
    const asked = query.get('namespace') ?? ''
    const long = tooLong('Pipeline.Namespace', asked, 63) ?? tooLong('Pipeline.Name', names.name, 128)
    if (long) return long
    const namespace = effectiveNamespace(service, asked)
    await during('access', 400, () =>
      within('Authorization Failure', () => mayAccessPipeline(service, request, 'create', { namespace })),
    )
    const { pipeline } = await storing(service, () =>
      insertPipelineAndVersion(service, { ...names, namespace }, parseTemplate(text)),
    )
    return json(api === 'v1beta1' ? pipelineToApiV1(service, pipeline) : pipelineToApi(pipeline))
  })

export const uploadVersion = (
  service: Service,
  request: Request,
  query: URLSearchParams,
  api: ApiVersion,
): Promise<Response> =>
  answered(service, 'version', async () => {
    const file = await readFile(request)
    const text = await readTemplate(file)
    const pipelineId = query.get('pipelineid') ?? ''
    if (pipelineId === '') {
      throw new Failed('pipelineId', 400, 'please specify a pipeline id when creating versions')
    }
    const names = naming(query, file)
    const long = tooLong('PipelineVersion.Name', names.name, 127)
    if (long) return long
    await during('namespace', 400, () => getPipeline(service, pipelineId))
    await during('access', 400, () =>
      within('Authorization Failure', () =>
        mayAccessPipeline(service, request, 'create', { id: pipelineId }),
      ),
    )
    const version = await storing(service, () => {
      const template = parseTemplate(text)
      if (template.kind === 'v2') checkPipelineName(template.name)
      return insertVersion(service, { ...names, pipelineId, uri: '', codeSourceUrl: '', template })
    })
    return json(api === 'v1beta1' ? versionToApiV1(version) : versionToApi(version))
  })
