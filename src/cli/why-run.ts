import { doorWords, type Observed } from '../client/index.ts'
import { recognise } from '../doctor/index.ts'
import type { Language } from './commands/render-why.ts'
import { renderWhy, whyAsJson } from './commands/render-why.ts'
import type { DoorOptions } from './door-options.ts'
import { reachOf } from './door-options.ts'
import type { Io } from './io.ts'

interface Options extends DoorOptions {
  readonly url?: string
  readonly record?: string
  readonly output: 'text' | 'json'
  readonly language: Language
}

/** Requests that are remembered; the last ones tell why a command failed. */
const most = 200

/** Runs a command as `exec` does, and when it fails tells which hop refused, why, and what to type. */
export async function whyRun(io: Io, words: readonly string[], options: Options): Promise<void> {
  const { execAtDoor } = await import('../compose/doors/exec.ts')
  const { failWith125 } = await import('./own-failure.ts')
  const { checkRecordPlace, recordExchange, redactor } = await import('../compose/doors/record-exchange.ts')
  const [command = '', ...rest] = words
  const seen: Observed[] = []
  await failWith125(io, async () => {
    if (options.record !== undefined) checkRecordPlace(options.record)
    const { code, started, output, door } = await execAtDoor(io.env, {
      ...reachOf(io, options),
      url: options.url,
      command,
      words: rest,
      keepOutput: true,
      observe: (one) => {
        seen.push(one)
        if (seen.length > most) seen.shift()
      },
    })
    io.exit(code)
    if (!started) return
    if (options.record !== undefined) recordExchange(options.record, door, code, seen)
    const refused = seen.findLast(({ status, challenged }) => challenged || status >= 400)
    if (code === 0 && refused === undefined) return
    const say = (text: string) => io.err(text)
    say('')
    if (refused === undefined) {
      say(
        seen.length === 0
          ? `kfdoor saw no request to ${door.host}; what follows is read from the last output of the command`
          : `all ${seen.length} requests to ${door.host} were answered; what follows is read from the last output of the command`,
      )
      return answer(io, output, options)
    }
    const shown = redactor()(refused)
    const { method, path, status } = shown
    say(
      `${method} ${path} -> ${status}${refused.challenged ? ' (asked to sign in)' : ''}: ${whoRefused(refused)}`,
    )
    // The door's own answer first; where it says nothing that is known, the command's last words.
    const texts = [asText(refused), `${asText(refused)}\n${output}`]
    const known = texts.find((text) => recognise(text).matches.length > 0)
    if (known !== undefined || options.output === 'json') return answer(io, known ?? texts[0] ?? '', options)
    const words = wordsOf(shown, door)
    if (words !== '') say(`it says: ${words}`)
    say(`kfdoor knows no such answer; \`kfdoor doctor ${door.href}\` walks the whole way to the door`)
  })
}

function answer(io: Io, text: string, { output, language }: Options): void {
  const found = recognise(text)
  if (output === 'json') io.err(JSON.stringify(whyAsJson(found, language, Date.now())))
  else io.err(renderWhy(found, language, Date.now()))
}

/** As `curl -i` would have shown it, which is what the signals are written for. */
function asText({ status, headers, body = '' }: Observed): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status}`, ...lines, '', body].join('\n')
}

/** What a refused answer says for itself, on one line; a terminal is told to do nothing. */
function wordsOf({ status, headers, body = '' }: Observed, door: URL): string {
  const words = doorWords({ status, headers: new Headers(headers), url: door, body })
  return words.replace(/\p{C}+/gu, ' ').trim()
}

/** Which hop an answer comes from, by the marks Envoy leaves. */
function whoRefused({ status, headers, body = '', challenged }: Observed): string {
  if (challenged) return 'the door’s sign-in'
  const envoy = /envoy/i.test(headers.server ?? '')
  if (/^RBAC: access denied/.test(body)) {
    return headers['x-envoy-upstream-service-time'] === undefined
      ? 'a policy of the gateway'
      : 'a policy of the workload’s sidecar'
  }
  if (/^Jwt |^Jwks /.test(body)) return 'the token check of the gateway'
  if (envoy && status === 404 && body === '') return 'the gateway, which has no route for it'
  if (envoy && headers['x-envoy-upstream-service-time'] === undefined) return 'the gateway'
  return 'the application behind the door'
}
