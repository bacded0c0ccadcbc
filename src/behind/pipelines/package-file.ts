/** An uploaded file as the text of a pipeline: backend/src/apiserver/server/util.go, ReadPipelineFile. */
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { invalid, invalidBecause, withinNow } from './failure.ts'

/** common.MaxFileLength, for the file as sent and for what is inside it. */
export const maxFileLength = 32 * 2 ** 20

const named = (name: string, ...endings: readonly string[]) => endings.some((ending) => name.endsWith(ending))

/** @throws Refusal */
export function readPackage(fileName: string, bytes: Uint8Array): string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length > maxFileLength) {
    throw invalid(
      `File size too large (${file.length} bytes). Maximum supported size: ${maxFileLength}. Consider moving large embedded artifacts or notebooks or Python code into a container image or object store.`,
    ).within('Error read pipeline file')
  }
  if (named(fileName, '.yaml', '.yml', '.json')) return file.toString('utf8')
  if (file.length > 2 && file[0] === 0x50 && file[1] === 0x4b) {
    return withinNow('Error decompress the pipeline file', () => unzip(file))
  }
  if (file.length > 2 && file[0] === 0x1f && file[1] === 0x8b) {
    return withinNow('Error decompress the pipeline file', () => untar(file))
  }
  throw invalid('Unexpected pipeline file format. Support .zip, .tar.gz, .json or YAML')
}

interface Member {
  readonly name: string
  readonly read: () => Buffer
}

/** `pipeline.yaml` if there is one, else the first, which has to be YAML. */
function pick(members: readonly Member[], what: string, inside: string): Member {
  const [first] = members
  const found = members.find(({ name }) => name === 'pipeline.yaml') ?? first
  if (!found) throw invalid(`Error extracting pipeline from the ${what} file. Empty ${inside} file`)
  if (!named(found.name, '.yaml', '.yml')) {
    throw invalid(
      `Error extracting pipeline from the ${what} file. Expecting a pipeline.yaml file inside the ${inside}. Got: ${found.name}`,
    )
  }
  return found
}

const notZip = (cause: string) =>
  invalidBecause(cause, 'Error extracting pipeline from the zip file. Not a valid zip file')

/** PKWARE's APPNOTE, as far as a pipeline needs: stored and deflated members, no zip64, no encryption. */
function unzip(file: Buffer): string {
  // The end record is 22 bytes and may be followed by a comment of up to 64 KiB.
  const end = file.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0 || end + 22 > file.length) throw notZip('zip: not a valid zip file')
  const count = file.readUInt16LE(end + 10)
  let at = file.readUInt32LE(end + 16)
  const members: Member[] = []
  for (let i = 0; i < count; i++) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== 0x02014b50)
      throw notZip('zip: not a valid zip file')
    const entry = at
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) =>
      file.readUInt16LE(entry + o),
    ) as [number, number, number]
    const name = file.toString('utf8', at + 46, at + 46 + nameLength)
    if (!name.endsWith('/')) members.push({ name, read: () => readZipMember(file, entry) })
    at += 46 + nameLength + extraLength + commentLength
  }
  return pick(members, 'zip', 'zip').read().toString('utf8')
}

function readZipMember(file: Buffer, entry: number): Buffer {
  const flags = file.readUInt16LE(entry + 8)
  const method = file.readUInt16LE(entry + 10)
  const size = file.readUInt32LE(entry + 20)
  const local = file.readUInt32LE(entry + 42)
  if ((flags & 1) !== 0) throw notZip('zip: encrypted members are not supported')
  if (local + 30 > file.length) throw notZip('zip: not a valid zip file')
  const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
  if (start + size > file.length) throw notZip('zip: not a valid zip file')
  const data = file.subarray(start, start + size)
  if (method === 0) return data
  if (method !== 8) throw notZip('zip: unsupported compression algorithm')
  return bounded('zip', () => inflateRawSync(data, { maxOutputLength: maxFileLength }))
}

function bounded(what: 'zip' | 'tarball', inflate: () => Buffer): Buffer {
  try {
    return inflate()
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw tooLarge
      ? invalid(`Error reading pipeline YAML from the ${what} file. More than ${maxFileLength} bytes inside`)
      : invalidBecause(
          error instanceof Error ? error.message : String(error),
          `Error extracting pipeline from the ${what} file. Not a valid ${what} file`,
        )
  }
}

const block = 512

/** POSIX ustar; members that are not files (extended headers, folders, links) are passed over. */
function untar(file: Buffer): string {
  // A tarball's headers and padding come on top of the text.
  const tar = bounded('tarball', () => gunzipSync(file, { maxOutputLength: maxFileLength + 2 ** 20 }))
  const members: Member[] = []
  for (let at = 0; at + block <= tar.length; ) {
    const header = tar.subarray(at, at + block)
    if (header.every((byte) => byte === 0)) break
    const size = Number.parseInt(header.toString('latin1', 124, 136).replaceAll('\0', ' ').trim(), 8)
    if (Number.isNaN(size) || size < 0 || at + block + size > tar.length) {
      throw invalidBecause(
        'unexpected EOF',
        'Error extracting pipeline from the tarball file. Not a valid tarball file',
      )
    }
    const start = at + block
    const type = header[156]
    if (type === 0x30 || type === 0) {
      const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '')
      members.push({ name, read: () => tar.subarray(start, start + size) })
    }
    at = start + Math.ceil(size / block) * block
  }
  return pick(members, 'tarball', 'tarball').read().toString('utf8')
}
