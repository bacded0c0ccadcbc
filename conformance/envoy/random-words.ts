/** The few words random meshes and random requests share, so that they meet often. */
import fc from 'fast-check'

const one = <T>(...values: readonly T[]) => fc.constantFrom(...values)

export const hostWord = one('app.test', 'api.test', 'x.wild.test', 'y.z.wild.test', 'other.test')
export const pathWord = one(
  '/',
  '/admin',
  '/admin/',
  '/admin/x',
  '/public',
  '/public/a/b',
  '/v1/models/m:predict',
  '/Admin',
  '/a b'.replace(' ', '+'),
  '/a%2Fb',
  '/%61dmin',
  '//admin',
  '/public/../admin',
  '/admin;x=1',
  '/./public/.',
  '/%2e%2e/admin',
  '/a\\b',
)
export const methodWord = one('GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS')
export const teamWord = one('red', 'blue', 'reddish', '')
export const sourceWord = one('127.0.0.1', '127.0.0.5', '127.3.3.3', '127.200.0.1')

/** A value and what can be made of it: itself, a prefix, a suffix, anything. */
export function patternOf(word: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(word, fc.nat(6), one('exact', 'exact', 'prefix', 'suffix', 'any'))
    .map(([text, at, kind]) => {
      const cut = Math.min(at, text.length)
      if (kind === 'prefix') return `${text.slice(0, cut + 1)}*`
      if (kind === 'suffix') return `*${text.slice(cut)}`
      return kind === 'any' ? '*' : text
    })
}

export const pathPattern = fc.oneof(
  { weight: 6, arbitrary: patternOf(pathWord) },
  { weight: 1, arbitrary: one('/admin/{*}', '/public/{**}', '/{*}/models/{**}', '/{**}/x', '/public/{*}/b') },
)

export function listOf<T>(word: fc.Arbitrary<T>, maxLength = 2): fc.Arbitrary<readonly T[]> {
  return fc.array(word, { minLength: 1, maxLength })
}

export { one }
