import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'

/** Where programs of Debian packages lie, and the environment they run in. */
export interface Unpacked {
  readonly root: string
  readonly env: NodeJS.ProcessEnv
}

/**
 * Programs of Debian: the ones installed, or, for the superuser, installed now, or else downloaded
 * with all that is missing and unpacked into the cache, which needs no rights at all.
 *
 * @param has a path below `/` that is there when nothing has to be done.
 * @param how `unpack` for servers: installing one may start it.
 * @throws where apt knows no such package or cannot fetch it; a part that cannot be had is a failure.
 */
export async function debian(
  packages: readonly string[],
  has: string,
  how: 'install' | 'unpack' = 'install',
): Promise<Unpacked> {
  const here = { root: '/', env: process.env }
  if (existsSync(join('/', has))) return here
  if (process.getuid?.() === 0 && how === 'install') {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const install = ['install', '--yes', '--quiet', '--no-install-recommends', ...packages]
    try {
      execFileSync('apt-get', install, { env, stdio: 'inherit' })
    } catch {
      // The lists of a fresh machine are empty or old.
      execFileSync('apt-get', ['update', '--quiet'], { env, stdio: 'inherit' })
      execFileSync('apt-get', install, { env, stdio: 'inherit' })
    }
    return here
  }
  const root = await cached(`debian-${packages.join('-')}`, (place) => {
    const plan = () =>
      execFileSync(
        'apt-get',
        [
          ...['-o', 'Debug::NoLocking=1', '--print-uris', '--yes', '--no-install-recommends', 'install'],
          ...packages,
        ],
        { encoding: 'utf8' },
      )
    let planned: string
    try {
      planned = plan()
    } catch (error) {
      if (process.getuid?.() !== 0) throw error
      execFileSync('apt-get', ['update', '--quiet'], { stdio: 'inherit' })
      planned = plan()
    }
    const names = [...planned.matchAll(/^'\S+' ([^_\s]+)_/gm)].map(([, name]) => name as string)
    execFileSync('apt-get', ['download', ...names], { cwd: place, stdio: 'inherit' })
    for (const deb of readdirSync(place).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', deb, place], { cwd: place })
    }
  })
  const libraries = globSync('usr/lib/*-linux-gnu', { cwd: root }).map((path) => join(root, path))
  const known = process.env.LD_LIBRARY_PATH ? [process.env.LD_LIBRARY_PATH] : []
  return { root, env: { ...process.env, LD_LIBRARY_PATH: [...libraries, ...known].join(':') } }
}
