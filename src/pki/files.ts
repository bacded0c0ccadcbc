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
import { Fault, fileTrouble, isFault } from '../base/index.ts'

/** Only the owner reads it: keys. */
export const PRIVATE = 0o600
/** Anybody may: certificates are made to be shown. */
export const PUBLIC = 0o644

export interface NewFile {
  readonly path: string
  readonly text: string
  readonly mode: number
}

/**
 * Writes a file whole or not at all, also when the machine stops in the middle. With `replace`
 * false an existing file stays, and `ERR_WOULD_OVERWRITE` names it.
 */
export const writeWhole = (path: string, text: string, options: { mode: number; replace: boolean }): void =>
  writeTogether([{ path, text, mode: options.mode }], options.replace)

/**
 * Files of which one is nothing without the other, as a key and its certificate. All of them lie beside
 * before the first gets its name: where there is no room, what stood there still belongs together.
 *
 * @throws Fault ERR_WOULD_OVERWRITE, ERR_FILE_UNWRITABLE
 */
export function writeTogether(files: readonly NewFile[], replace: boolean): void {
  const staged: string[] = []
  const named: string[] = []
  try {
    for (const file of files) staged.push(writeBeside(file))
    for (const [at, { path, mode }] of files.entries()) {
      give(staged[at] as string, path, { mode, replace })
      named.push(path)
    }
  } catch (error) {
    if (!replace) for (const path of named) rmSync(path, { force: true })
    throw error
  } finally {
    for (const path of staged) rmSync(path, { force: true })
  }
}

function writeBeside({ path, text, mode }: NewFile): string {
  makeFolder(dirname(path))
  const beside = join(dirname(path), `.${randomBytes(6).toString('hex')}.new`)
  try {
    const file = openSync(beside, 'wx', mode)
    try {
      // Not writeSync: on a full disk that writes a part and says so in its answer alone.
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return beside
  } catch (cause) {
    rmSync(beside, { force: true })
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: fileTrouble(cause) }, { cause })
  }
}

function give(beside: string, path: string, { mode, replace }: { mode: number; replace: boolean }): void {
  try {
    if (replace) renameSync(beside, path)
    else takeName(beside, path, mode)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Fault('ERR_WOULD_OVERWRITE', { path }, { cause })
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: fileTrouble(cause) }, { cause })
  }
}

/** Fails where the name is taken, which a rename would not. */
function takeName(beside: string, path: string, mode: number): void {
  try {
    linkSync(beside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    // FAT, exFAT and some file systems of other machines have no second names: an empty file takes it first.
    closeSync(openSync(path, 'wx', mode))
    try {
      renameSync(beside, path)
    } catch (again) {
      rmSync(path, { force: true })
      throw again
    }
  }
}

/** Whether others on this machine may read it all the same: not every file system keeps who may. */
export const isOpenToOthers = (path: string): boolean =>
  process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0

/** Folders up to this one, for us alone. By hand: Node's own `recursive` never ends where nothing may be made (`/proc/x`). */
function makeFolder(folder: string): void {
  const refused = (cause: unknown) => {
    const { code = '' } = cause as NodeJS.ErrnoException
    const reason = ['EEXIST', 'ENOTDIR'].includes(code) ? 'it is no folder' : fileTrouble(cause)
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
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason: fileTrouble(cause) }, { cause })
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
  const first = 2 + ((bytes[1] ?? 0) & 0x7f)
  const reason = inOtherForm(bytes.subarray(first), path)
  if (reason !== undefined) throw new Fault('ERR_PEM_UNREADABLE', { where: path, reason })
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`
}

/** What is no certificate and no request, by what it begins with; a key says version 0 or 1, PKCS#12 says 3 (RFC 7292 §4). */
function inOtherForm([tag, , version]: Uint8Array, path: string): string | undefined {
  if (tag === IDENTIFIER)
    return `it is PKCS#7; \`openssl pkcs7 -inform DER -in ${path} -print_certs\` shows its certificates in PEM`
  if (tag !== INTEGER) return undefined
  return version === 3
    ? `it is PKCS#12; \`openssl pkcs12 -in ${path} -nokeys\` shows its certificates in PEM, and \`-nocerts\` its key`
    : `it is a key in DER; \`openssl pkey -inform DER -in ${path}\` shows it in PEM`
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
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : fileTrouble(cause)
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause })
  }
}

/** A file of certificates, replaced where it is. */
export const writePublic = (path: string, text: string) =>
  writeWhole(path, text, { mode: PUBLIC, replace: true })
