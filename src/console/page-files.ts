import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Answer } from './answer.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * The built page. The package carries it beside this file; a checkout builds it when it is first asked
 * for, and again when a source of it changed.
 */
async function pageFolder(say: (line: string) => void): Promise<string> {
  const shipped = fileURLToPath(new URL('./page/', import.meta.url))
  if (existsSync(join(shipped, 'index.html'))) return shipped
  const builder = new URL('../../tools/build-console.ts', import.meta.url)
  const { builtPage } = (await import(builder.href)) as {
    builtPage(say: (line: string) => void): Promise<string>
  }
  return builtPage(say)
}

export interface PageFiles {
  readonly index: Answer
  readonly assets: ReadonlyMap<string, Answer>
}

/** All of it in memory: a path of a request is looked up, never opened. */
export async function readPageFiles(say: (line: string) => void): Promise<PageFiles> {
  const folder = await pageFolder(say)
  const read = (file: string): Answer => {
    const body = readFileSync(join(folder, file))
    const type = types[extname(file)] ?? 'application/octet-stream'
    return { type, body, gzipped: gzipSync(body, { level: 9 }), page: true, immutable: file !== 'index.html' }
  }
  const names = readdirSync(join(folder, 'assets'))
  return {
    index: read('index.html'),
    assets: new Map(names.map((name) => [`/assets/${name}`, read(join('assets', name))])),
  }
}
