type Environment = Readonly<Record<string, string | undefined>>

/**
 * `kfdoor token [-o header|cookie|token] [--door NAME]` where the answer lies in a file and is good for a
 * while yet: read with nothing but `fs`, in the time Node takes to start. Whatever is not as plain as that
 * (another option, a credential of the environment, one to be renewed, a file others may read) is
 * undefined, and the command itself answers.
 */
export function quickToken(env: Environment, argv: readonly string[], now: number): string | undefined {
  const asked = readArguments(argv)
  if (!asked || env.KFDOOR_TOKEN || env.KFDOOR_TOKEN_FILE || env.KFDOOR_COOKIE || env.KFDOOR_URL)
    return undefined
  const home = env.HOME
  const config = env.XDG_CONFIG_HOME || (home && `${home}/.config`)
  const data = env.XDG_DATA_HOME || (home && `${home}/.local/share`)
  if (!config || !data || process.platform === 'win32') return undefined
  try {
    const { doors, current } = read(`${config}/kfdoor/doors.json`) as { doors: Door[]; current?: string }
    const name = asked.door ?? (env.KFDOOR_DOOR || undefined) ?? current
    const door = doors.find((one) => one.name === name)
    if (!door) return undefined
    const path = `${data}/kfdoor/credentials/${door.name}.json`
    const kept = readOwn(path)
    return kept && write(kept.credential, door, asked.format, now)
  } catch {
    return undefined
  }
}

interface Door {
  readonly name: string
  readonly url: string
}
interface KeptCookie {
  readonly name: string
  readonly value: string
  readonly path: string
  readonly domain: string
  readonly expiresAt?: number
}
interface Kept {
  readonly kind: string
  readonly token?: string
  readonly cookies?: readonly KeptCookie[]
  readonly expiresAt?: number
}

/** Not imported: an import of `node:fs` makes its streams too, which takes longer than all this does. */
const fs = () => process.getBuiltinModule('node:fs')

/** A file only we may read, and no link; undefined = it is another. */
function readOwn(path: string): { credential: Kept } | undefined {
  const { openSync, fstatSync, readFileSync, closeSync, constants } = fs()
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { mode, uid } = fstatSync(file)
    if ((mode & 0o170077) !== 0o100000 || uid !== process.getuid?.()) return undefined
    return JSON.parse(readFileSync(file, 'utf8')) as { credential: Kept }
  } finally {
    closeSync(file)
  }
}

const read = (path: string): unknown => JSON.parse(fs().readFileSync(path, 'utf8'))

/** One that is about to end is renewed first, by the command. */
const AHEAD_MS = 30_000

function write(kept: Kept, door: Door, format: string | undefined, now: number): string | undefined {
  const { kind, token, cookies, expiresAt } = kept
  if (expiresAt !== undefined && expiresAt - AHEAD_MS <= now) return undefined
  if (kind === 'token' || kind === 'service-account') {
    if (!token || format === 'cookie') return undefined
    return format === 'header' ? `Authorization: Bearer ${token}` : token
  }
  if (kind !== 'session' || !cookies || format === 'token') return undefined
  const { hostname, pathname } = new URL(door.url)
  // Cookies of one path, and at the door's root: what a jar would send needs no jar.
  const sent = cookies.filter(({ path }) => path === '/')
  if (pathname !== '/' || sent.length === 0) return undefined
  if (sent.some((one) => one.domain !== hostname || (one.expiresAt ?? now + 1) <= now)) return undefined
  const pairs = sent.map(({ name, value }) => `${name}=${value}`).join('; ')
  return format === 'header' ? `Cookie: ${pairs}` : pairs
}

function readArguments(argv: readonly string[]): { door?: string; format?: string } | undefined {
  let [door, format]: (string | undefined)[] = []
  for (let i = 0; i < argv.length; i++) {
    const [key = '', inline] = (argv[i] ?? '').split('=', 2)
    if (key !== '-o' && key !== '--output' && key !== '--door') return undefined
    const value = key !== '-o' && inline !== undefined ? inline : argv[++i]
    if (value === undefined) return undefined
    if (key === '--door') door = value
    else format = value
  }
  return format === undefined || ['header', 'cookie', 'token'].includes(format) ? { door, format } : undefined
}
