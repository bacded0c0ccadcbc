import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault, isFault } from '../base/index.ts'

/** Only the owner reads it: keys. */
export const PRIVATE = 0o600
/** Anybody may: certificates are made to be shown. */
export const PUBLIC = 0o644

/**
 * Writes a file whole or not at all, also when the machine stops in the middle. With `replace`
 * false an existing file stays, and `ERR_WOULD_OVERWRITE` names it.
 */
export function writeWhole(path: string, text: string, options: { mode: number; replace: boolean }): void {
  makeFolder(dirname(path))
  const beside = join(dirname(path), `.${randomBytes(6).toString('hex')}.new`)
  try {
    const file = openSync(beside, 'wx', options.mode)
    try {
      // Not writeSync: on a full disk that writes a part and says so in its answer alone.
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    if (options.replace) renameSync(beside, path)
    // A second name fails where the name is taken; a rename would not.
    else linkSync(beside, path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new Fault('ERR_WOULD_OVERWRITE', { path }, { cause })
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: code ?? String(cause) }, { cause })
  } finally {
    rmSync(beside, { force: true })
  }
}

/** Folders up to this one, for us alone. By hand: Node's own `recursive` never ends where nothing may be made (`/proc/x`). */
function makeFolder(folder: string): void {
  const refused = (cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is no folder' : (code ?? String(cause))
    return new Fault('ERR_FILE_UNWRITABLE', { path: folder, reason }, { cause })
  }
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  const above = dirname(folder)
  if (above !== folder && lstatSync(above, { throwIfNoEntry: false }) === undefined) makeFolder(above)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    // Somebody else was faster.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
    throw refused(cause)
  }
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: code ?? String(cause) }, { cause })
  }
}

export function readNeeded(path: string): string {
  const text = readIfThere(path)
  if (text === undefined) throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: 'no such file' })
  return text
}

/** More than any certificate chain, bundle of roots or request; what is larger was named by mistake. */
const LARGEST = 4 * 1024 * 1024

const INTEGER = 0x02
const IDENTIFIER = 0x06

/** A file in PEM, or what one in DER would be there: `what` is how its blocks are called. */
export function readPem(path: string, what: 'CERTIFICATE' | 'CERTIFICATE REQUEST'): string {
  const bytes = readBytes(path)
  // A SEQUENCE of more than 127 octets; no text begins so.
  if (bytes[0] !== 0x30 || (bytes[1] ?? 0) < 0x80) return bytes.toString('utf8')
  const inner = bytes[2 + ((bytes[1] ?? 0) & 0x7f)]
  if (inner === INTEGER || inner === IDENTIFIER) {
    const reason =
      inner === INTEGER
        ? `it is PKCS#12 or a key; \`openssl pkcs12 -in ${path} -nokeys\` shows the certificates of the first in PEM`
        : `it is PKCS#7; \`openssl pkcs7 -inform DER -in ${path} -print_certs\` shows its certificates in PEM`
    throw new Fault('ERR_PEM_UNREADABLE', { where: path, reason })
  }
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`
}

function readBytes(path: string): Buffer {
  try {
    const { size } = statSync(path)
    if (size > LARGEST) {
      throw new Fault('ERR_INPUT_UNREADABLE', {
        path,
        reason: `it has ${size} bytes, more than any such file`,
      })
    }
    return readFileSync(path)
  } catch (cause) {
    if (isFault(cause)) throw cause
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a folder' : String(code)
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause })
  }
}

/** A file of certificates, replaced where it is. */
export const writePublic = (path: string, text: string) =>
  writeWhole(path, text, { mode: PUBLIC, replace: true })
