import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from '../../base/index.ts'
import { validateResource } from '../../mesh/index.ts'
import { type Case, decideCase } from '../../policy/index.ts'
import type { Io } from '../io.ts'
import { readSurroundings, readWorld, type Surroundings, type World } from './world.ts'

interface Options {
  readonly cases: string
  readonly configDir?: string
  readonly jwks?: string
  readonly certs?: string
}

/** A validation case: one resource, and whether istiod's validator takes it. */
interface Validation {
  readonly id: string
  readonly resource: string
}

/** Lines are written in blocks, so that tens of thousands do not cost a write each. */
const blockLength = 512

/**
 * One line per case, in order. `expect` is never looked at.
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_USAGE for a line that is no JSON
 */
export async function explainCases(io: Io, options: Options): Promise<void> {
  const text = options.cases === '-' ? await io.readStdin() : read(options.cases)
  const folder = options.configDir ?? join(dirname(options.cases), '..', 'configs')
  const around = readSurroundings(folder, Date.now() / 1000, {
    ...(options.jwks !== undefined && { jwks: options.jwks }),
    ...(options.certs !== undefined && { certs: options.certs }),
  })
  const worlds = new Map<string, World>()
  let block: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    block.push(JSON.stringify(answer(parse(options.cases, index, line), folder, around, worlds)))
    if (block.length === blockLength) {
      io.out(block.join('\n'))
      block = []
    }
  }
  if (block.length > 0) io.out(block.join('\n'))
}

function answer(
  line: Case | Validation,
  folder: string,
  around: Surroundings,
  worlds: Map<string, World>,
): unknown {
  if ('resource' in line) return validate(line)
  let world = worlds.get(line.config)
  if (world === undefined) {
    world = readWorld(line.config, read(join(folder, line.config)), around)
    worlds.set(line.config, world)
  }
  world.prepare(line)
  return decideCase(world, line)
}

function validate({ id, resource }: Validation): unknown {
  const { valid, problems } = validateResource(resource, id)
  return { id, valid, ...(problems[0] && { message: problems[0].message }) }
}

function parse(file: string, index: number, line: string): Case | Validation {
  try {
    const parsed: unknown = JSON.parse(line)
    if (isCase(parsed)) return parsed
  } catch {
    // Said below.
  }
  throw new Fault('ERR_USAGE', { message: `${file}:${index + 1} is not a case: one JSON object a line` })
}

function isCase(value: unknown): value is Case | Validation {
  if (typeof value !== 'object' || value === null) return false
  const { id, resource, config, request } = value as Readonly<Record<string, unknown>>
  if (typeof id !== 'string') return false
  if (typeof resource === 'string') return true
  return typeof config === 'string' && typeof request === 'object' && request !== null
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const reason = missing ? 'there is no such file' : String((error as Error).message)
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause: error })
  }
}
