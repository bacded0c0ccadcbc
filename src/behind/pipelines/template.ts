/**
 * What a pipeline's text is: the v2 intermediate representation (a document with `pipelineInfo` and
 * `root`, perhaps one with `platforms` beside it) or a v1 Argo Workflow
 * (backend/src/apiserver/template/{template,v2_template,argo_template}.go).
 */
import { parseAllDocuments } from 'yaml'
import { invalid, invalidBecause } from './failure.ts'

type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export interface Template {
  readonly kind: 'v1' | 'v2'
  /** As uploaded. */
  readonly text: string
  /** The name inside: of the pipeline in v2, '' in v1. */
  readonly name: string
  /** v1's arguments with their defaults; v2 tells none here. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  /** How the v2 API shows it: the specification, or `{pipeline_spec, platform_spec}`. */
  readonly struct: JsonObject
  /** The v2 specification, or the Workflow. */
  readonly spec: JsonObject
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Repeated references to anchors that a document may have: more is an attack, not a pipeline. */
const maxAliasCount = 100

/**
 * Characters that make structure in YAML. Reading takes seconds per million of them, and everybody
 * else waits; Kubeflow's largest samples have some ten thousand. JSON is read without this limit.
 */
const maxStructure = 1_000_000

function documents(text: string): readonly JsonObject[] {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? [value] : []
  } catch {
    return yamlDocuments(text)
  }
}

function yamlDocuments(text: string): readonly JsonObject[] {
  if ((text.match(/[,:{}[\]\n]/g)?.length ?? 0) > maxStructure) {
    throw invalidSpec('the YAML is larger than this server reads; JSON may be')
  }
  try {
    // Checking for repeated keys compares every key with every other; the last one counts instead.
    const parsed = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' })
    return [...parsed].flatMap((document) => {
      if (document.errors.length > 0) throw unknownFormat()
      const value: unknown = document.toJS({ maxAliasCount })
      return isObject(value) ? [value] : []
    })
  } catch {
    // Too many aliases, or nested deeper than the stack.
    throw unknownFormat()
  }
}

const unknownFormat = () => invalidBecause('pipeline spec is invalid', 'unknown template format')
const invalidSpec = (text: string) => invalidBecause('pipeline spec is invalid', text)
const invalidPlatform = (text: string) => invalidBecause('platform spec is invalid', text)

/** @throws Refusal */
export function parseTemplate(text: string): Template {
  const docs = documents(text)
  const [first] = docs
  if (first && typeof first.apiVersion === 'string' && first.apiVersion.startsWith('argoproj.io/')) {
    if (first.kind === 'Workflow') return argoTemplate(text, first)
  }
  return specTemplate(text, docs)
}

/** The specification a run request carries as an object. */
export function templateOfStruct(struct: JsonObject): Template {
  const both = isObject(struct.pipeline_spec)
  const docs = both
    ? [struct.pipeline_spec as JsonObject, ...(isObject(struct.platform_spec) ? [struct.platform_spec] : [])]
    : [struct]
  return specTemplate(JSON.stringify(struct), docs)
}

/** The manifest of a stored run: JSON as `templateOfStruct` wrote it, or YAML. */
export function parseManifest(manifest: string): Template {
  if (manifest.startsWith('{')) {
    try {
      const value: unknown = JSON.parse(manifest)
      if (isObject(value) && (isObject(value.pipeline_spec) || isObject(value.pipelineInfo))) {
        return templateOfStruct(value)
      }
    } catch {
      // Not JSON after all: flow-style YAML.
    }
  }
  return parseTemplate(manifest)
}

const isSpec = (doc: JsonObject) =>
  isObject(doc.pipelineInfo) &&
  typeof doc.pipelineInfo.name === 'string' &&
  doc.pipelineInfo.name !== '' &&
  isObject(doc.root)
const isPlatform = (doc: JsonObject) => isObject(doc.platforms)

function specTemplate(text: string, docs: readonly JsonObject[]): Template {
  const specs = docs.filter(isSpec)
  const platforms = docs.filter((doc) => !isSpec(doc) && isPlatform(doc))
  const [spec] = specs
  if (!spec) throw unknownFormat()
  if (specs.length > 1) throw invalidSpec('multiple pipeline specs provided')
  if (platforms.length > 1) throw invalidPlatform('multiple platform specs provided')
  if (spec.schemaVersion !== '2.1.0') {
    throw invalidSpec(
      `KFP only supports schema version 2.1.0, but the pipeline spec has version ${String(spec.schemaVersion ?? '')}`,
    )
  }
  const name = (spec.pipelineInfo as JsonObject).name as string
  if (!/[a-z0-9]/.test(name)) {
    throw invalidSpec(
      "invalid v2 pipeline spec: name should consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    )
  }
  const [platform] = platforms
  return {
    kind: 'v2',
    text,
    name,
    parameters: [],
    struct: platform ? { pipeline_spec: spec, platform_spec: platform } : spec,
    spec,
  }
}

function argoTemplate(text: string, workflow: JsonObject): Template {
  if (workflow.apiVersion !== 'argoproj.io/v1alpha1') {
    throw invalid(
      `Unsupported argo version. Expected: argoproj.io/v1alpha1. Received: ${workflow.apiVersion}`,
    )
  }
  const spec = isObject(workflow.spec) ? workflow.spec : {}
  const given = isObject(spec.arguments) ? spec.arguments.parameters : undefined
  const parameters = (Array.isArray(given) ? given : []).filter(isObject).map((parameter) => ({
    name: String(parameter.name ?? ''),
    value: String(parameter.value ?? ''),
  }))
  return { kind: 'v1', text, name: '', parameters, struct: workflow, spec: workflow }
}

/** v2 names become names of contexts and have to be safe there (common.ValidatePipelineName). */
export function checkPipelineName(name: string): void {
  if (name.length > 128) throw invalid("pipeline's name must contain no more than 128 characters")
  if (!/^[a-z0-9][a-z0-9-]{0,127}$/.test(name)) {
    throw invalid(
      "pipeline's name must contain only lowercase alphanumeric characters or '-' and must start with alphanumeric characters",
    )
  }
}

const kinds: Readonly<Record<string, readonly [test: (value: Json) => boolean, wants: string, is: string]>> =
  {
    NUMBER_DOUBLE: [(v) => typeof v === 'number', 'double or integer', 'number'],
    NUMBER_INTEGER: [(v) => typeof v === 'number', 'double or integer', 'number'],
    STRING: [(v) => typeof v === 'string', 'string', 'string'],
    BOOLEAN: [(v) => typeof v === 'boolean', 'bool', 'bool'],
    LIST: [(v) => Array.isArray(v), 'list', 'list'],
    STRUCT: [isObject, 'struct', 'struct'],
  }

/** Whether a run may be started with these inputs (V2Spec.validatePipelineJobInputs). @throws Refusal */
export function checkInputs(template: Template, given: JsonObject): void {
  if (template.kind === 'v1') return
  const root = template.spec.root as JsonObject
  const definitions = isObject(root.inputDefinitions) ? root.inputDefinitions.parameters : undefined
  const wanted = isObject(definitions) ? definitions : {}
  for (const [name, definition] of Object.entries(wanted)) {
    if (!isObject(definition)) continue
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value === undefined) {
      if (definition.isOptional === true || definition.defaultValue !== undefined) continue
      throw invalid(
        `parameter ${name} is not optional, yet has neither default value nor user provided value`,
      )
    }
    const kind = kinds[String(definition.parameterType)]
    if (!kind) throw invalid(`input parameter ${name} requires type unknown`)
    const [test, wants, is] = kind
    if (test(value)) continue
    const subject = is === 'number' ? 'but the parameter value is' : 'but the input parameter is'
    throw invalid(`input parameter ${name} requires type ${wants}, ${subject} not of ${is} value type`)
  }
  const extra = Object.keys(given).filter((name) => !Object.hasOwn(wanted, name))
  if (extra.length > 0) {
    throw invalid(`parameter(s) provided are not required by pipeline: ${extra.join(', ')}`)
  }
}
