import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { Fault } from '../../base/index.ts'

/**
 * A plan says itself which files it is about, and may come from somebody: it is held to the places whoever
 * applies it has named. Links are followed on both sides; what is not there yet counts by the folder it would be in.
 *
 * @param within folders; a file stands for the folder it is in
 * @throws Fault ERR_USAGE with every path that is outside
 */
export function refuseOutside(plan: string, paths: readonly string[], within: readonly string[]): void {
  const folders = within.map((place) => {
    const real = placeOf(place)
    return statSync(real, { throwIfNoEntry: false })?.isFile() ? dirname(real) : real
  })
  const outside = paths.filter((path) => !folders.some((folder) => isBelow(placeOf(path), folder)))
  if (outside.length === 0) return
  throw new Fault('ERR_USAGE', {
    message: `plan ${plan} is about files outside ${within.map((place) => (place === '.' ? 'this folder' : place)).join(' and ')}, and nothing was written:\n  ${outside.join('\n  ')}`,
    next: 'if they are meant, name their folder with `-f FOLDER`',
  })
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Where a path leads, every link of it followed. */
function placeOf(path: string): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    const above = dirname(whole)
    return above === whole ? whole : join(placeOf(above), basename(whole))
  }
}
