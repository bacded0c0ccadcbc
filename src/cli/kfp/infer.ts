import { readFileSync } from 'node:fs'
import { Fault } from '../../base/index.ts'
import type { Door, InferRequest } from '../../compose/client.ts'
import type { Io } from '../io.ts'
import { ownNamespace } from './door.ts'

interface Wanted {
  readonly data: string
  readonly protocol: 'auto' | 'v1' | 'v2' | 'openai'
  readonly grpc?: boolean
  readonly host?: string
  readonly path?: string
}

/** @throws Fault ERR_USAGE for an input no protocol has, and what the model or the door says */
export async function inferAt(io: Io, door: Door, model: string, wanted: Wanted): Promise<void> {
  const input = await readInput(io, wanted.data)
  const [first = '', second] = model.split('/')
  const namespace = second === undefined ? await ownNamespace(door, undefined) : first
  const name = second ?? first
  const { host, path } = wanted
  const at = door.kserve({
    namespace,
    name,
    ...(host !== undefined && { host }),
    ...(path !== undefined && { path }),
  })
  if (wanted.grpc) {
    if (!Array.isArray(input.inputs)) {
      throw new Fault('ERR_USAGE', {
        message: 'over gRPC there is only V2, and the input has no `inputs`',
        next: 'write it as `{"inputs": [{"name": …, "shape": …, "datatype": …, "data": …}]}`, or leave `--grpc` out',
      })
    }
    return io.out(JSON.stringify(await at.inferGrpc(input as unknown as InferRequest)))
  }
  switch (wanted.protocol === 'auto' ? protocolOf(input) : wanted.protocol) {
    case 'v1':
      return io.out(JSON.stringify(await at.predict((input as { instances: readonly unknown[] }).instances)))
    case 'v2':
      return io.out(JSON.stringify(await at.infer(input as unknown as InferRequest)))
    case 'openai':
      return complete(io, door, await at.route(), input)
  }
}

type Input = Readonly<Record<string, unknown>>

function protocolOf(input: Input): 'v1' | 'v2' | 'openai' {
  if (Array.isArray(input.instances)) return 'v1'
  if (Array.isArray(input.inputs)) return 'v2'
  if (Array.isArray(input.messages) || input.prompt !== undefined) return 'openai'
  throw new Fault('ERR_USAGE', {
    message:
      'the input is of no protocol: it has no `instances` (V1), `inputs` (V2), `messages` or `prompt` (OpenAI)',
    next: 'say which with `--protocol`',
  })
}

async function readInput(io: Io, data: string): Promise<Input> {
  let text = data
  if (data === '@-') text = await io.readStdin()
  else if (data.startsWith('@')) {
    try {
      text = readFileSync(data.slice(1), 'utf8')
    } catch (cause) {
      const path = data.slice(1)
      throw new Fault(
        'ERR_INPUT_UNREADABLE',
        { path, reason: 'there is no such file, or it may not be read' },
        { cause },
      )
    }
  }
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Input
  } catch {
    // Said below.
  }
  throw new Fault('ERR_USAGE', { message: 'the input is no JSON object', next: "write -d '{…}' or -d @FILE" })
}

/** KServe serves OpenAI’s paths below `/openai` (its Hugging Face runtime). */
async function complete(
  io: Io,
  door: Door,
  { path, host }: { readonly path: string; readonly host?: string },
  input: Input,
): Promise<void> {
  const kind = input.messages === undefined ? 'completions' : 'chat/completions'
  const response = await door.fetch(new URL(`${path}/openai/v1/${kind}`, door.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(host !== undefined && { host }) },
    body: JSON.stringify(input),
  })
  if (!response.ok) {
    const words = (await response.text()).slice(0, 400)
    throw new Fault('ERR_DOOR_REFUSED', { status: response.status, words, url: `${path}/openai/v1/${kind}` })
  }
  if (!/event-stream/.test(response.headers.get('content-type') ?? '')) return io.out(await response.text())
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of response.body ?? []) {
    rest += decoder.decode(part, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) process.stdout.write(wordsOf(line))
  }
  process.stdout.write('\n')
}

/** The text one server-sent event adds. */
function wordsOf(line: string): string {
  const data = /^data:\s*(\{.*\})\s*$/.exec(line)?.[1]
  if (data === undefined) return ''
  try {
    const { choices = [] } = JSON.parse(data) as {
      readonly choices?: readonly { readonly text?: string; readonly delta?: { readonly content?: string } }[]
    }
    return choices.map(({ text, delta }) => delta?.content ?? text ?? '').join('')
  } catch {
    return ''
  }
}
