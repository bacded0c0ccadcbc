import { randomBytes } from 'node:crypto'
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../../base/index.ts'
import type { Observed } from '../../client/index.ts'
import { Scrubber } from '../../kube/index.ts'
import { writePrivateFile } from '../private-file.ts'

/** What a command asked a door and was told, as `kfdoor why --record FILE` keeps it. */
export interface RecordedExchange {
  readonly apiVersion: 'kfdoor/v1alpha1'
  readonly kind: 'RecordedExchange'
  /** Origin of the door. */
  readonly door: string
  /** The command's own. */
  readonly exitCode: number
  readonly requests: readonly Observed[]
}

/**
 * Writes what was seen to a file of mode 0600, for somebody who helps: whatever looks like a credential is
 * `scrubbed:` and a digest, by which equal ones can be told within the file.
 */
export function recordExchange(path: string, door: URL, exitCode: number, seen: readonly Observed[]): void {
  const redact = redactor()
  const record: RecordedExchange = {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'RecordedExchange',
    door: door.origin,
    exitCode,
    requests: seen.map((one) => redact(one)),
  }
  writePrivateFile(path, `${JSON.stringify(record, undefined, 2)}\n`)
}

/**
 * Said before a command is run for nothing.
 *
 * @throws Fault ERR_FILE_UNWRITABLE
 */
export function checkRecordPlace(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK)
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such folder' : 'permission denied'
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason }, { cause: error })
  }
  throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: 'it is a folder' })
}

/** What was seen, without what looks like a credential. */
export function redactor(): (seen: Observed) => Observed {
  const scrubber = new Scrubber(randomBytes(32))
  const text = (value: string) => opaque(scrubber.anywhere(value), scrubber)
  return (seen) => {
    const headers = Object.entries(seen.headers).map(([name, value]) => {
      const kept = name === 'location' || name === 'content-location' ? pathOf(value, scrubber) : text(value)
      return [name, kept] as const
    })
    return {
      ...seen,
      path: pathOf(seen.path, scrubber),
      headers: Object.fromEntries(headers),
      ...(seen.body !== undefined && { body: bodyOf(seen.body, scrubber) }),
    }
  }
}

/** JSON and YAML value by value, then forms and their fields, then whatever looks like no word. */
function bodyOf(body: string, scrubber: Scrubber): string {
  const settled = scrubber.settings(body, 'body')
  const forms = settled
    .replace(secretField, (_all, before: string, value: string) => `${before}${scrubber.fingerprint(value)}`)
    .replace(/<input\b[^>]*>/gi, (input) =>
      input.replace(/(\bvalue\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)/gi, (_all, before: string) => `${before}"…"`),
    )
  return opaque(forms, scrubber)
}

/** `"password": "x"`, `token=x`, `secret: x`, in texts that are whole and in pieces of such. */
const secretField =
  /((?:\\?["'])?\b[\w.-]*(?:token|secret|password|passwd|pwd|api[-_]?key|cookie|authorization|credentials?|assertion|session[-_]?(?:id|state)?)(?:\\?["'])?\s*[:=]\s*(?:\\?["'])?(?:(?:bearer|basic)\s+)?)(?!scrubbed:|[{[])([^\s"'\\&,;<>}]+)/gi

/** A segment that follows one of these is a credential, not a name. */
const announces =
  /^((access|id|refresh|reset|auth)[-_]?)?(tokens?|secrets?|passwords?|passwd|api[-_]?keys?|sessions?|jwt)$/i

/** A path, or an address, without what its segments hold of credentials. */
function pathOf(path: string, scrubber: Scrubber): string {
  let announced = false
  return scrubber
    .anywhere(path)
    .split('/')
    .map((segment) => {
      // `;jsessionid=…` is a query by another name.
      const [name = '', ...parameters] = segment.split(';')
      const rest = parameters.map((each) => `;${each.replace(/=.*$/s, '=…')}`).join('')
      const plain = decoded(name)
      const kept = opaque(scrubber.anywhere(plain), scrubber)
      const hidden = announced && plain !== '' && !plain.startsWith(':') && !/^[a-z][a-z-]{0,30}$/.test(plain)
      announced = announces.test(plain)
      if (hidden) return `scrubbed:${scrubber.digest(plain)}${rest}`
      // What was written in escapes stays so only where nothing had to go.
      return `${kept === plain ? name : kept}${rest}`
    })
    .join('/')
}

function decoded(text: string): string {
  let now = text
  for (let times = 0; times < 3 && now.includes('%'); times++) {
    try {
      const next = decodeURIComponent(now)
      if (next === now) break
      now = next
    } catch {
      break
    }
  }
  return now
}

/**
 * Long runs that are no words: letters of both cases with digits, or 32 and more of hexadecimal or Base32. Names
 * of Kubernetes are lower case and have dashes, UUIDs too, so that they stay.
 */
function opaque(text: string, scrubber: Scrubber): string {
  return text.replace(/[A-Za-z0-9+_~%-]{20,}(?:[./+][A-Za-z0-9+_~%-]{8,})*={0,2}/g, (run, at: number) => {
    if (text.slice(Math.max(0, at - 9), at).endsWith('scrubbed:')) return run
    const mixed = /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)
    const longest = Math.max(...run.split(/[^A-Za-z0-9]/).map((part) => part.length))
    const solid = longest >= 32 && /\d/.test(run)
    return mixed || solid ? `scrubbed:${scrubber.digest(run)}` : run
  })
}
