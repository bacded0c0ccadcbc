/** Where recorded families are read from: the whole set beside the checkout, else what the project carries. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { readCertificates } from '../src/cli/cases/certificates.ts'
import { readSurroundings, type Surroundings, servedBy } from '../src/cli/cases/world.ts'
import { sharedPath } from '../tools/shared.ts'
import type { Recorded } from './compare.ts'

export interface Family {
  readonly name: string
  readonly cases: readonly Recorded[]
  /** The YAML of a configuration. */
  readonly config: (name: string) => string
}

export interface Recordings {
  readonly families: readonly string[]
  read(family: string): Family
  readonly around: Surroundings
  /** A file of `certs/`, and what each JWKS URI serves. */
  readonly file: (name: string) => string | undefined
  readonly jwksUris: Readonly<Record<string, unknown>>
  /** Single resources, and whether istiod's validator takes them. */
  readonly validation: readonly Validation[]
  /** `beside` = everything; `carried` = what a clone has. */
  readonly from: 'beside' | 'carried'
}

interface Validation {
  readonly id: string
  readonly resource: string
  readonly expect: { readonly valid: boolean }
}

/** Recorded on others' YAML, so a clone does not have them. */
export const onlyBeside = ['istio-testdata', 'kubeflow', 'kubeflow-doors']

/** Recorded here, so nobody has them but a clone. */
const onlyCarried = ['istiod-random']

const carried = fileURLToPath(new URL('recorded/', import.meta.url))

export function openRecordings(now: number): Recordings {
  const folder = sharedPath('conformance')
  return folder === undefined ? openCarried(now) : openBeside(folder, now)
}

function openBeside(folder: string, now: number): Recordings {
  const configs = join(folder, 'configs')
  const own = openCarried(now)
  return {
    from: 'beside',
    families: [...named(readdirSync(join(folder, 'cases')), '.jsonl'), ...onlyCarried].sort(),
    around: readSurroundings(configs, now),
    file: (name) => readIfThere(join(folder, 'certs', name)),
    jwksUris: JSON.parse(readFileSync(join(folder, 'jwks-uris.json'), 'utf8')),
    validation: lines(readFileSync(join(folder, 'cases', 'validation.jsonl'), 'utf8')) as Validation[],
    read: (name) =>
      onlyCarried.includes(name)
        ? own.read(name)
        : {
            name,
            cases: lines(readFileSync(join(folder, 'cases', `${name}.jsonl`), 'utf8')) as Recorded[],
            config: (file) => readFileSync(join(configs, file), 'utf8'),
          },
  }
}

export function openCarried(now: number): Recordings {
  const unpack = (name: string) =>
    lines(gunzipSync(readFileSync(join(carried, `${name}.jsonl.gz`))).toString())
  const [surroundings] = unpack('surroundings') as {
    jwksUris: Record<string, unknown>
    certificates: Record<string, string>
  }[]
  if (surroundings === undefined) throw new Error('conformance/recorded/surroundings.jsonl.gz is empty')
  return {
    from: 'carried',
    families: named(readdirSync(carried), '.jsonl.gz').filter((name) => name !== 'surroundings'),
    around: {
      fetched: servedBy(surroundings.jwksUris),
      certificates: readCertificates((name) => surroundings.certificates[name]),
      now,
    },
    file: (name) => surroundings.certificates[name],
    jwksUris: surroundings.jwksUris,
    validation: unpack('validation') as Validation[],
    read(name) {
      const configs = new Map<string, string>()
      const cases: Recorded[] = []
      for (const line of unpack(name) as (Recorded & { yaml?: string })[]) {
        if (line.yaml === undefined) cases.push(line)
        else configs.set(line.config, line.yaml)
      }
      return { name, cases, config: (file) => configs.get(file) ?? '' }
    },
  }
}

const texts = new Map<string, string | undefined>()

function readIfThere(path: string): string | undefined {
  if (!texts.has(path)) texts.set(path, existsSync(path) ? readFileSync(path, 'utf8') : undefined)
  return texts.get(path)
}

function named(files: readonly string[], ending: string): readonly string[] {
  return files
    .filter((file) => file.endsWith(ending) && file !== `validation${ending}`)
    .map((file) => file.slice(0, -ending.length))
    .sort()
}

function lines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}
