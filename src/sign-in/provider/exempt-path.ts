/**
 * The readings an exempted path has to survive. A path that needs no sign-in is judged as it stands
 * and in the laxest reading a backend may use (decoded once, `;…` dropped, slashes merged, dots
 * resolved): exempt is only what is exempt in both, so `/dex/..%2fpipeline` and `/dex/%2e%2e;/x` are
 * not (CVE-2025-54576, GHSA-pxq7-h93f-9jrg and their kin).
 */
export function readingsOf(path: string): readonly string[] {
  if (!MAY_READ_OTHERWISE.test(path)) return [path]
  const lax = laxReading(path)
  return lax === path ? [path] : [path, lax]
}

/** Whatever `laxReading` would change; nearly every path has none of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a reader may drop a NUL
const MAY_READ_OTHERWISE = /^[^/]|[%\\;?#\u0000]|\/[/.]|^$/

function laxReading(path: string): string {
  const decoded = path
    .replace(/%c0%ae|%c0%af|%c1%9c/gi, (overlong) => (/ae$/i.test(overlong) ? '.' : '/'))
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const [bare = ''] = decoded.replaceAll('\\', '/').replaceAll('\0', '').split(/[?#]/, 1)
  const segments: string[] = []
  const parts = bare.split('/').map((part) => part.split(';', 1)[0] as string)
  parts.forEach((part, index) => {
    if (part === '..') segments.pop()
    else if (part !== '' && part !== '.') segments.push(part)
    if (index === parts.length - 1 && (part === '' || part === '.' || part === '..')) segments.push('')
  })
  return `/${segments.join('/')}`
}
