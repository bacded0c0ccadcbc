/** The three kinds of file that hold a pipeline, made here byte by byte, and those that hold something worse. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { Refusal } from './failure.ts'
import { maxFileLength, readPackage } from './package-file.ts'

type Files = Readonly<Record<string, string | Buffer>>

function tarball(files: Files, type = '0'): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const data = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write(type, 156)
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function zip(files: Files, options: { stored?: boolean; encrypted?: boolean } = {}): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content)
    const packed = options.stored ? data : deflateRawSync(data)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(options.encrypted ? 1 : 0, 2)
    common.writeUInt16LE(options.stored ? 0 : 8, 4)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    entries.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, tail, Buffer.from(name)]),
    )
    locals.push(local)
    at += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

const text = 'pipelineInfo: {name: ü}\n'
const read: readonly (readonly [about: string, name: string, file: Buffer])[] = [
  ['.yaml', 'p.yaml', Buffer.from(text)],
  ['.yml', 'p.yml', Buffer.from(text)],
  ['.json', 'p.json', Buffer.from(text)],
  ['.zip', 'p.zip', zip({ 'pipeline.yaml': text })],
  ['.zip, stored', 'p.zip', zip({ 'pipeline.yaml': text }, { stored: true })],
  ['.zip, its first file', 'p.zip', zip({ 'iris.yaml': text, 'b.yaml': 'no' })],
  ['.zip, pipeline.yaml before the first', 'p.zip', zip({ 'a.yaml': 'no', 'pipeline.yaml': text })],
  ['.zip by any name: the bytes decide', 'p', zip({ 'pipeline.yaml': text })],
  ['.tar.gz', 'p.tar.gz', tarball({ 'pipeline.yaml': text })],
  ['.tar.gz, its first file', 'p.tar.gz', tarball({ 'iris.yml': text })],
  [
    '.tar.gz, pipeline.yaml after a large one',
    'p.tgz',
    tarball({ 'a.txt': 'x'.repeat(5000), 'pipeline.yaml': text }),
  ],
]
for (const [about, name, file] of read) {
  test(`reads ${about}`, () => assert.equal(readPackage(name, file), text))
}

const bomb = Buffer.alloc(maxFileLength + 1, 'a')
const refused: readonly (readonly [about: string, name: string, file: Buffer, words: string])[] = [
  [
    'another format',
    'p.txt',
    Buffer.from('hello'),
    'Unexpected pipeline file format. Support .zip, .tar.gz, .json or YAML',
  ],
  ['an empty file', 'p.zip', Buffer.alloc(0), 'Unexpected pipeline file format'],
  [
    'too large a file',
    'p.yaml',
    bomb,
    `File size too large (${maxFileLength + 1} bytes). Maximum supported size: ${maxFileLength}`,
  ],
  ['a zip bomb', 'p.zip', zip({ 'pipeline.yaml': bomb }), `More than ${maxFileLength} bytes inside`],
  [
    'a tar bomb',
    'p.tar.gz',
    tarball({ 'pipeline.yaml': Buffer.alloc(40 * 2 ** 20) }),
    `More than ${maxFileLength} bytes inside`,
  ],
  [
    'a zip of something else',
    'p.zip',
    zip({ 'a.txt': text }),
    'Expecting a pipeline.yaml file inside the zip. Got: a.txt',
  ],
  [
    'a tarball of something else',
    'p.tar.gz',
    tarball({ 'a.txt': text }),
    'Expecting a pipeline.yaml file inside the tarball. Got: a.txt',
  ],
  ['an empty zip', 'p.zip', zip({}), 'Error extracting pipeline from the zip file. Empty zip file'],
  ['an empty tarball', 'p.tar.gz', tarball({}), 'Empty tarball file'],
  ['a tarball of links', 'p.tar.gz', tarball({ 'pipeline.yaml': '' }, '2'), 'Empty tarball file'],
  ['an encrypted zip', 'p.zip', zip({ 'pipeline.yaml': text }, { encrypted: true }), 'encrypted members'],
  ['half a zip', 'p.zip', zip({ 'pipeline.yaml': text }).subarray(0, 40), 'Not a valid zip file'],
  [
    'a zip whose directory lies',
    'p.zip',
    Buffer.from('PK\x05\x06'.padEnd(22, '\xff'), 'latin1'),
    'Not a valid zip file',
  ],
  [
    'half a tarball',
    'p.tar.gz',
    tarball({ 'pipeline.yaml': text }).subarray(0, 60),
    'Not a valid tarball file',
  ],
  ['a tarball that promises more', 'p.tar.gz', gzipSync(Buffer.alloc(600, '7')), 'Not a valid tarball file'],
]
for (const [about, name, file, words] of refused) {
  test(`refuses ${about}`, () => {
    assert.throws(
      () => readPackage(name, file),
      (error) => error instanceof Refusal && error.code === 3 && error.message.includes(words),
    )
  })
}

test('no damage to an archive does more than a refusal', () => {
  for (const whole of [zip({ 'pipeline.yaml': text }), tarball({ 'pipeline.yaml': text })]) {
    for (let i = 2; i < whole.length; i++) {
      const damaged = Buffer.from(whole)
      damaged[i] = (damaged[i] as number) ^ 0xff
      try {
        readPackage('p', damaged)
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error))
      }
    }
  }
})
