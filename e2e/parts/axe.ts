import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'

/** MPL-2.0: a part of the tests, not of the package. */
const version = '4.14.1'
const integrity =
  'sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=='

/** The text of axe-core, from the registry once. @throws where it cannot be had, or is another one */
export async function axeSource(): Promise<string> {
  const folder = await cached(`axe-core-${version}`, (place) => {
    execFileSync('npm', ['pack', `axe-core@${version}`, '--silent', '--pack-destination', place], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const file = join(place, `axe-core-${version}.tgz`)
    const hash = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
    if (hash !== integrity) throw new Error(`axe-core ${version} is not the one that is known: ${hash}`)
    execFileSync('tar', ['-xzf', file, '-C', place])
  })
  return readFileSync(join(folder, 'package', 'axe.min.js'), 'utf8')
}
