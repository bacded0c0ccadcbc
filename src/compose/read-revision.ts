import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Fault, withoutOwnSecrets } from '../base/index.ts'
import type { MeshInput } from '../mesh/index.ts'

/** `REV:path`, as Git writes it; undefined = no such form, or a file of that very name is there. */
export function revisionOf(text: string): { readonly revision: string; readonly path: string } | undefined {
  const found = /^([^:]+):(.*)$/.exec(text)
  // A drive letter is no revision.
  if (
    found === null ||
    found[1] === 'profile' ||
    found[1] === 'cluster' ||
    existsSync(text) ||
    /^[A-Za-z]:\\/.test(text)
  )
    return undefined
  return { revision: found[1] as string, path: found[2] as string }
}

/**
 * The texts of a folder or file as a commit has it; only YAML and JSON.
 *
 * @throws Fault ERR_INPUT_UNREADABLE
 */
export function readRevision({
  revision,
  path,
}: {
  readonly revision: string
  readonly path: string
}): MeshInput[] {
  const name = `${revision}:${path}`
  const commit = git(name, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]).trim()
  const tree = git(name, ['ls-tree', '-r', '-z', '--name-only', commit, '--', path === '' ? '.' : path])
  const files = tree.split('\0').filter((file) => file !== '')
  const meant = files.filter((file) => /\.(ya?ml|json)$/.test(file) || file === path).sort()
  if (meant.length === 0) {
    throw new Fault('ERR_INPUT_UNREADABLE', { path: name, reason: 'that revision has no YAML there' })
  }
  // `./` makes the path one below where we are, as ls-tree's are.
  return meant.map((file) => ({
    file: `${revision}:${file}`,
    text: git(name, ['show', `${commit}:./${file}`]),
  }))
}

function git(name: string, words: readonly string[]): string {
  try {
    return execFileSync('git', words, {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: withoutOwnSecrets(process.env),
    })
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: string }
    const reason =
      code === 'ENOENT' ? 'git is not installed' : stderr?.split('\n')[0] || 'git knows no such revision'
    throw new Fault('ERR_INPUT_UNREADABLE', { path: name, reason }, { cause: error })
  }
}
