/**
 * `npm run tour`: the five field reports this project comes from, walked again against a local
 * door. Each step is shown with its command and its answer; the first that does not hold ends the
 * tour with exit 1.
 */
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { cacheFolder } from '../e2e/parts/cache.ts'
import { walkAll } from './tour/walk.ts'

const withKfp = process.argv.includes('--with-kfp')
const only = process.argv.slice(2).filter((argument) => /^[1-5]$/.test(argument))
const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (style: 'bold' | 'dim' | 'green' | 'red', text: string) =>
  colour ? styleText(style, text, { validateStream: false }) : text

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-tour-'))
let failed = false
try {
  const kfp = withKfp ? await (await import('../e2e/parts/kfp.ts')).ensureKfp('2.17.0') : knownKfp()
  for await (const seen of walkAll({ folder, kfp, only: only.map(Number) })) {
    switch (seen.kind) {
      case 'stage':
        console.log(`\n${paint('bold', `${seen.number}. ${seen.title}`)}`)
        break
      case 'step':
        console.log(`\n   ${seen.says}\n   ${paint('dim', `$ ${seen.types}`)}`)
        console.log(seen.answer.split('\n').map((line) => `     ${line}`).join('\n')) // biome-ignore format: short
        break
      case 'failed':
        failed = true
        console.log(`     ${paint('red', `not as the report promises: ${seen.message}`)}`)
        break
      case 'done':
        console.log(`\n${paint('green', `${seen.steps} steps, all as promised.`)}`)
        break
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0

/** An environment with the SDK, if a real suite has made one. */
function knownKfp(): string | undefined {
  return globSync('venv-kfp*2*/bin/python', { cwd: cacheFolder })
    .map((path) => join(cacheFolder, path))
    .find(existsSync)
}
