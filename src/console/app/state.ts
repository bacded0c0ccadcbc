import { batch, computed, signal } from '@preact/signals'
import type { MeshInput } from '../../mesh/index.ts'
import type { Opened } from '../engine/messages.ts'
import type { Start } from '../options.ts'
import { EngineClient, Stopped } from './engine-client.ts'

/** What the server gave; undefined = it did not answer yet. */
export const start = signal<Start | undefined>(undefined)
export const startFailed = signal(false)

/** Files as they were edited here; others are as they were read. */
export const edits = signal<ReadonlyMap<string, string>>(new Map())

export const inputs = computed<readonly MeshInput[]>(() => {
  const given = start.value?.source.inputs ?? []
  if (edits.value.size === 0) return given
  return given.map((input) => {
    const text = edits.value.get(input.file)
    return text === undefined ? input : { ...input, text }
  })
})

/** Questions of a moment, and those that take a while: neither waits for the other. */
const quick = new EngineClient()
const slow = new EngineClient()

/** The mesh as the engine has it now; a new object for each that was opened. */
export const opened = signal<(Opened & { readonly inputs: readonly MeshInput[] }) | undefined>(undefined)

/** A token in use: kept here and nowhere else. */
export const secretToken = signal('')
/** Headers that may be secret: kept out of the address. */
export const secretHeaders = signal<readonly string[]>([])

export const nowSeconds = (): number => Date.now() / 1000

export async function boot(): Promise<void> {
  try {
    const answer = await fetch('/api/start', { headers: { accept: 'application/json' } })
    if (!answer.ok) throw new Error(await answer.text())
    start.value = (await answer.json()) as Start
  } catch {
    startFailed.value = true
    return
  }
  await openNow()
}

let opening = 0

/** Reads the YAML as it is now; a later call makes an earlier one's answer worthless. */
async function openNow(): Promise<void> {
  const mine = ++opening
  const now = inputs.value
  const found = await quick.call('open', 'now', now, start.value?.istioVersion)
  if (mine === opening) opened.value = { ...found, inputs: now }
}

let timer: ReturnType<typeof setTimeout> | undefined
/** ms from the last key until the engine is asked. */
const pause = 180

/** Counts changes of the YAML that did not come from the editor itself. */
export const outside = signal(0)

export function edit(file: string, text: string, from: 'editor' | 'elsewhere' = 'elsewhere'): void {
  if (from === 'elsewhere') outside.value++
  const original = start.value?.source.inputs.find((one) => one.file === file)?.text
  const next = new Map(edits.value)
  if (text === original) next.delete(file)
  else next.set(file, text)
  edits.value = next
  clearTimeout(timer)
  timer = setTimeout(openNow, pause)
}

export function resetEdits(file?: string): void {
  outside.value++
  batch(() => {
    const next = new Map(edits.value)
    if (file === undefined) next.clear()
    else next.delete(file)
    edits.value = next
  })
  clearTimeout(timer)
  void openNow()
}

export const ask = quick.call.bind(quick)

/** What the slow engine has open under each name. */
let slowly: { now?: readonly MeshInput[]; before?: readonly MeshInput[] } = {}

async function openSlowly(name: 'now' | 'before', wanted: readonly MeshInput[]): Promise<void> {
  if (slowly[name] === wanted) return
  slowly[name] = wanted
  await slow.call('open', name, wanted, start.value?.istioVersion)
}

/** Nobody wants the answer of the slow engine any more. */
export function stopComparing(): void {
  makeRoom()
}

function makeRoom(): void {
  if (!slow.busy) return
  slow.restart()
  slowly = {}
}

/** The access map of a mesh; undefined = it was overtaken by a later question. */
export async function mapOf(of: readonly MeshInput[]) {
  return unlessStopped(async () => {
    makeRoom()
    await openSlowly('now', of)
    return slow.call('map', 'now', nowSeconds())
  })
}

/** Classes of requests the comparison in hand has looked at. */
export const compared = signal(0)

/** What becomes of everybody between two meshes; undefined = it was overtaken, or stopped. */
export async function changeBetween(before: readonly MeshInput[], after: readonly MeshInput[]) {
  return unlessStopped(async () => {
    makeRoom()
    compared.value = 0
    await openSlowly('before', before)
    await openSlowly('now', after)
    const looked = (count: number) => {
      compared.value = count
    }
    return slow.follow(looked, 'change', nowSeconds(), start.value?.certificates ?? {})
  })
}

async function unlessStopped<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Stopped) return undefined
    throw error
  }
}

/** Writes to the console's server; the token tells it that this page asks. */
export function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': start.value?.csrf ?? '' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
}
