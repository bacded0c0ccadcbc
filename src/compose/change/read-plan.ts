import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { LineCounter, parseDocument } from 'yaml'
import { Fault } from '../../base/index.ts'
import type { Change, ObjectName, Plan } from '../../planner/index.ts'

/** More than any plan of a door; a file that long is something else. */
const MOST = 32 * 1024 * 1024

/** @throws Fault ERR_PLAN_UNREADABLE, ERR_INPUT_UNREADABLE */
export function readPlanFile(path: string): Plan {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Fault('ERR_INPUT_UNREADABLE', {
      path,
      reason: code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'permission denied' : message,
    })
  }
  return parsePlan(text, path)
}

/** A plan from YAML or JSON; `path` is for messages. @throws Fault ERR_PLAN_UNREADABLE */
export function parsePlan(text: string, path: string): Plan {
  const fail = (reason: string): never => {
    throw new Fault('ERR_PLAN_UNREADABLE', { path, reason })
  }
  if (text.length > MOST) fail('it is longer than 32 MiB')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error) fail(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`)
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 1000 })
  } catch (reason) {
    fail((reason as Error).message)
  }
  return checkPlan(value, fail)
}

type Fields = Readonly<Record<string, unknown>>
type Fail = (reason: string) => never

/** A name that is also a folder: never a path. */
const planName = /^[a-z0-9]([-a-z0-9.]{0,118}[a-z0-9])?$/
/** Names of the API may hold a colon (RBAC); none is a step in a path. */
const objectName = /^(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,253}$/

function checkPlan(value: unknown, fail: Fail): Plan {
  const plan = fieldsOf(value, 'the file', fail)
  if (plan.apiVersion !== 'kfdoor/v1alpha1') fail('`apiVersion` has to be `kfdoor/v1alpha1`')
  if (plan.kind !== 'Plan') fail('`kind` has to be `Plan`')
  const { name } = fieldsOf(plan.metadata, 'metadata', fail)
  if (typeof name !== 'string' || !planName.test(name)) {
    fail('`metadata.name` has to be a name of lower-case letters, digits and dashes')
  }
  const spec = fieldsOf(plan.spec, 'spec', fail)
  const source = fieldsOf(spec.source, 'spec.source', fail)
  if (!['files', 'cluster', 'snapshot', 'profile'].includes(String(source.kind))) {
    fail('`spec.source.kind` has to be files, cluster, snapshot or profile')
  }
  if (!Array.isArray(spec.changes)) fail('`spec.changes` has to be a list')
  const changes = spec.changes as readonly unknown[]
  const seen = new Set<string>()
  for (const [index, change] of changes.entries()) {
    const at = `spec.changes[${index}]`
    const key = checkChange(fieldsOf(change, at, fail), at, fail)
    if (seen.has(key)) fail(`\`${at}\` is about ${key} a second time`)
    seen.add(key)
  }
  return value as Plan
}

function checkChange(change: Fields, at: string, fail: Fail): string {
  const object = fieldsOf(change.object, `${at}.object`, fail)
  for (const field of ['apiVersion', 'kind', 'name'] as const) {
    if (typeof object[field] !== 'string' || object[field] === '')
      fail(`\`${at}.object.${field}\` is missing`)
  }
  const { apiVersion, kind, name, namespace } = object as Fields as unknown as ObjectName
  if (!objectName.test(name)) fail(`\`${at}.object.name\` is no name of an object`)
  if (namespace !== undefined && !objectName.test(namespace)) fail(`\`${at}.object.namespace\` is no name`)
  if (!/^([a-z0-9.-]+\/)?[a-z0-9]+$/.test(apiVersion)) fail(`\`${at}.object.apiVersion\` is no version`)
  const sides = { create: ['after'], update: ['before', 'after'], delete: ['before'] }[String(change.op)]
  if (sides === undefined) return fail(`\`${at}.op\` has to be create, update or delete`)
  for (const side of sides) {
    const whole = fieldsOf(change[side], `${at}.${side}`, fail)
    const metadata = fieldsOf(whole.metadata, `${at}.${side}.metadata`, fail)
    const said = [whole.apiVersion, whole.kind, metadata.namespace, metadata.name]
    // What a reviewer reads at the top has to be what is written.
    if (!isDeepStrictEqual(said, [apiVersion, kind, namespace, name]))
      fail(`\`${at}.${side}\` is another object than \`${at}.object\``)
  }
  return objectText(change.object as ObjectName)
}

function fieldsOf(value: unknown, what: string, fail: Fail): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(`\`${what}\` has to be a mapping`)
  return value as Fields
}

/** `AuthorizationPolicy istio-system/door` */
export function objectText({ kind, namespace, name }: Change['object']): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
