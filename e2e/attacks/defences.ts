import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A defence, and how a build looks that lacks it. */
export interface Defence {
  readonly name: string
  /** Classes of attacks that have to get through without it. */
  readonly classes: readonly string[]
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

const attempts = 'src/sign-in/relying-party/login-attempts.ts'
const verifier = 'src/identity/verifier.ts'

export const defences: readonly Defence[] = [
  {
    name: 'console-host',
    classes: ['console-host'],
    edits: [
      {
        file: 'src/console/guard.ts',
        find: 'if (hosts.length === 1 && own.includes(host.toLowerCase())) return undefined',
        replace: 'if (own.length > 0 || host === "") return undefined',
      },
    ],
  },
  {
    name: 'console-origin',
    classes: ['console-origin'],
    edits: [
      {
        file: 'src/console/server.ts',
        find: 'if (foreign) throw foreign',
        replace: 'void foreign',
      },
    ],
  },
  {
    name: 'header-strip',
    classes: ['identity-header'],
    edits: [
      {
        file: 'src/gateway/client-headers.ts',
        find: 'if (dropped(name)) return headers.filter(([each]) => !dropped(each))',
        replace: 'dropped(name)',
      },
    ],
  },
  {
    name: 'invariance',
    classes: ['path-confusion'],
    edits: [
      {
        file: 'src/gateway/deliberate.ts',
        find: 'this.#lax = options.invariant ? laxReading(sent) : undefined',
        replace: 'this.#lax = undefined',
      },
    ],
  },
  {
    // Cookie, state, nonce and PKCE are bound to one another: all of it has to go.
    name: 'state-check',
    classes: ['login-csrf'],
    edits: [
      {
        file: attempts,
        find: 'if (state === undefined || !isGood(login, 0)) return undefined',
        replace: 'if (state === undefined) return undefined',
      },
      {
        file: attempts,
        find: 'valueFor = (use: string, login: string, id: string)',
        replace: "valueFor = (use: string, _: string, id: string, login = '')",
      },
      {
        file: attempts,
        find: "createCipheriv('aes-256-gcm', keys.state, iv).setAAD(Buffer.from(login))",
        replace: "createCipheriv('aes-256-gcm', keys.state, iv)",
      },
      { file: attempts, find: '      .setAAD(Buffer.from(login))\n', replace: '' },
    ],
  },
  {
    name: 'algorithm-list',
    classes: ['token-alg'],
    edits: [
      {
        file: 'src/policy/jwt-rule.ts',
        find: "if (key.alg !== '' && key.alg !== token.alg) continue",
        replace: '',
      },
      { file: verifier, find: 'import { createPublicKey,', replace: 'import { createHmac, createPublicKey,' },
      {
        file: verifier,
        find: '  const { alg } = jws.header\n',
        replace: `  const { alg } = jws.header
  if (alg === 'HS256') {
    const secret = key.key.export({ type: 'spki', format: 'pem' })
    return createHmac('sha256', secret).update(jws.signed).digest().equals(jws.signature)
  }
`,
      },
    ],
  },
  {
    name: 'proxy-guard',
    classes: ['dns-rebinding', 'proxy-csrf'],
    edits: [
      {
        file: 'src/client/proxy/guard.ts',
        find: 'if (options.hosts.size > 0 && (host === undefined || !options.hosts.has(host.toLowerCase())))',
        replace: 'if (host === undefined)',
      },
      {
        file: 'src/client/proxy/guard.ts',
        find: "if (site !== undefined && site !== 'same-origin' && site !== 'none')",
        replace: "if (site === '')",
      },
    ],
  },
  {
    name: 'trusted-proxies',
    classes: ['authz-http'],
    edits: [
      {
        file: 'src/authz/http-check.ts',
        find: 'if (!isTrusted && isForwardedHeader(name)) continue',
        replace: '',
      },
      {
        file: 'src/authz/http-check.ts',
        find: "  const said = via === 'forward-auth' || via === 'auth-request' ? ofHeaders(check) : check",
        replace:
          "  const forwarded = headers.find(([name]) => name === 'x-forwarded-uri')?.[1]\n  const said = forwarded === undefined ? check : { ...check, target: forwarded }",
      },
    ],
  },
]

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A copy of the program without one defence; nothing in the program itself can switch one off. */
export function buildWithout({ name, edits }: Defence): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), `kfdoor-without-${name}-`))
  for (const part of [
    'src',
    'e2e',
    'tools',
    'package.json',
    'package-lock.json',
    'profiles',
    'tsconfig.json',
  ])
    cpSync(join(root, part), join(dir, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  for (const { file, find, replace } of edits) {
    const path = join(dir, file)
    const text = readFileSync(path, 'utf8')
    if (text.split(find).length !== 2) throw new Error(`${file} does not hold \`${find}\` once`)
    writeFileSync(
      path,
      text.replace(find, () => replace),
    )
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}
