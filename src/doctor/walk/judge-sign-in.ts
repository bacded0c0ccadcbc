/** What the first steps of a sign-in show by themselves: cookies, where it comes back to, the login page. */
import type { WalkFinding } from './hop.ts'
import { finding } from './judge.ts'

/** A `Set-Cookie` line by its name and attributes; the value is nobody's business. */
interface SetCookie {
  readonly name: string
  readonly secure: boolean
  readonly domain?: string
}

function readSetCookie(line: string): SetCookie {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const domain = attributes.find((each) => /^domain=/i.test(each))?.slice('domain='.length)
  return {
    name: pair.replace(/=.*$/s, ''),
    secure: attributes.some((each) => /^secure$/i.test(each)),
    ...(domain !== undefined && { domain: domain.replace(/^\./, '').toLowerCase() }),
  }
}

/**
 * Cookies a client will not send back: `Secure` ones set over plain HTTP, those of another domain, two of
 * one name. `door` is the address they were set by.
 */
export function judgeCookies(
  lines: readonly string[],
  door: { readonly url: string },
): readonly WalkFinding[] {
  const [, scheme = '', host = ''] = /^(https?):\/\/(\[[^\]]*\]|[^/:]*)/.exec(door.url) ?? []
  const cookies = lines.map(readSetCookie)
  const found: WalkFinding[] = []
  // Browsers take `localhost` for safe, and curl does not send the cookie there either.
  const lost = scheme === 'http' ? cookies.filter(({ secure }) => secure) : []
  if (lost.length > 0) {
    const names = [...new Set(lost.map(({ name }) => name))]
    found.push(
      finding(
        'KFD0319',
        `${names.map((name) => `\`${name}\``).join(', ')} is \`Secure\`, and this door speaks plain HTTP: no client sends it back, so the sign-in goes in a circle, or ends in a CSRF error`,
        names.map((name) => `set-cookie: ${name}; Secure`),
        'use the HTTPS address, or turn it off at the auth service (`cookie_secure = false`) and the web apps (`APP_SECURE_COOKIES=false`)',
      ),
    )
  }
  const foreign = cookies.filter(({ domain }) => domain !== undefined && !belongs(host.toLowerCase(), domain))
  for (const { name, domain = '' } of foreign) {
    found.push(
      finding(
        'KFD0320',
        `\`${name}\` is for \`${domain}\`, and the door is at \`${host}\`: clients throw it away`,
        [`set-cookie: ${name}; Domain=${domain}`],
        'set cookie_domain to the name people use, or leave it empty',
      ),
    )
  }
  const twice = [...new Set(cookies.map(({ name }) => name))].filter(
    (name) =>
      new Set(cookies.filter((each) => each.name === name).map(({ domain }) => domain ?? '')).size > 1,
  )
  for (const name of twice) {
    found.push(
      finding(
        'KFD0320',
        `\`${name}\` is set for two domains: which one comes back is left to chance`,
        [`set-cookie: ${name}, twice`],
        'set one cookie_domain, and let people clear their cookies once',
      ),
    )
  }
  return found
}

const belongs = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`)

/** Where the sign-in comes back to, as the door asks the issuer to send people. */
export function judgeReturn(redirectUri: string, door: { readonly url: string }): readonly WalkFinding[] {
  const here = /^(https?):\/\/([^/]+)/i.exec(door.url)
  const back = /^(https?):\/\/([^/]+)/i.exec(redirectUri)
  // A path alone keeps the address of the browser.
  if (here === null || back === null) return []
  const [, scheme = '', authority = ''] = back
  const evidence = [`redirect_uri=${redirectUri}`]
  if (authority.toLowerCase() !== here[2]?.toLowerCase()) {
    return [
      finding(
        'KFD0321',
        `the sign-in comes back to \`${authority}\`, and began at \`${here[2]}\`: the cookie of the sign-in stays behind, and the callback says the CSRF check failed`,
        evidence,
        'open the door at that address, or give the auth service a redirect URL of a path alone (`/oauth2/callback`, `/login/oidc`)',
      ),
    ]
  }
  if (scheme.toLowerCase() === here[1]?.toLowerCase()) return []
  return [
    finding(
      'KFD0321',
      `the sign-in comes back over ${scheme}, and the door is asked over ${here[1]}: TLS ends in front of it, and it does not know`,
      evidence,
      'let the outer proxy send X-Forwarded-Proto and the auth service trust it, or give it a redirect URL of a path alone',
    ),
  ]
}

/** A path of somebody's sign-in that is over: it is good for once, and for minutes. */
export function spentSignIn(path: string): string | undefined {
  const step =
    /\/dex\/(auth\/[^?]+|approval)\?(?:.*&)?(req|state)=/.exec(path) ??
    /\/(login\/oidc|oauth2\/callback|oidc\/callback|authservice\/oidc\/callback|dex\/callback)\?(?:.*&)?(code|state)=/.exec(
      path,
    )
  return step?.[2]
}
