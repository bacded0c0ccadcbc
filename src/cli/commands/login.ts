import { Command, Option } from '@commander-js/extra-typings'
import { Fault, isFault } from '../../base/index.ts'
import type { SignInResult, Way } from '../../compose/doors/sign-in.ts'
import { reachOf, withTlsOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor login https://kubeflow.example.com` */
export const loginCommand = (io: Io) =>
  withTlsOptions(
    new Command('login')
      .summary('recognise a door and sign in')
      .argument('[url]', 'address of the door (KFDOOR_URL; else the current door again)')
      .option('--username <name>', 'who signs in (KFDOOR_USERNAME); most Dex want an e-mail address')
      .option(
        '--password-stdin',
        'read the password from stdin (else KFDOOR_PASSWORD, else asked on a terminal)',
      )
      .option('--connector <id>', "which of Dex's connectors, where it offers several (KFDOOR_CONNECTOR)")
      .option(
        '--browser',
        'sign in in a browser; with --client-id it comes back by itself, else its address is pasted',
      )
      .option('--device', 'sign in on another screen with a code (RFC 8628)')
      .option('--password-grant', 'one request instead of forms, where the issuer allows it')
      .addOption(new Option('--service-account <ns/name>', "a service account of the kubeconfig's cluster"))
      .option('--audience <audience>', 'whom its token is for; default: what this door wants')
      .option('--token-stdin', 'read a token from stdin (else KFDOOR_TOKEN)')
      .option(
        '--token-file <file>',
        'a token that somebody keeps fresh, as a projected volume (KFDOOR_TOKEN_FILE)',
      )
      .option(
        '--cookie-stdin',
        'read an existing cookie from stdin, NAME=VALUE or a cookie file (KFDOOR_COOKIE)',
      )
      .option(
        '--client-id <id>',
        'a client of the issuer (KFDOOR_CLIENT_ID; its secret: KFDOOR_CLIENT_SECRET)',
      )
      .option('--name <name>', 'what to call this door')
      .option(
        '--credential-store <where>',
        'file, keyring or none; remembered (KFDOOR_CREDENTIAL_STORE; default: file)',
      )
      .option('--trust-origin <url...>', 'another site that belongs to this sign-in; repeatable')
      .option('--trust-certificate <sha256>', 'trust the certificate with this SHA-256, and remember it')
      .option('--allow-plain-http', 'send a password or token without encryption')
      .option('--kubeconfig <file>', 'for --service-account')
      .option('--context <name>', 'for --service-account')
      .addOption(
        new Option('-o, --output <format>', 'how to print it')
          .choices(['text', 'json'] as const)
          .default('text' as const),
      ),
  )
    .addHelpText(
      'after',
      `
Without a terminal nobody is asked: everything comes from options and KFDOOR_… variables.

Examples:
  kfdoor login https://kubeflow.example.com --username me@example.com
  kfdoor login https://kubeflow.example.com --connector github --browser
  KFDOOR_USERNAME=me@example.com KFDOOR_PASSWORD=… kfdoor login https://kubeflow.example.com -o json
  kfdoor login https://kubeflow.example.com --service-account team/default-editor`,
    )
    .action(async (url, options: LoginOptions) => {
      const { readDoorUrl, whichDoor } = await import('../../compose/doors/open-door.ts')
      const { signIn } = await import('../../compose/doors/sign-in.ts')
      const again = whichDoor(io.env, { url })
      const address = url === undefined ? again.url : readDoorUrl(url)
      if (!address) {
        throw new Fault('ERR_USAGE', { message: 'which door?', next: 'say `kfdoor login https://HOST`' })
      }
      // An address typed again is that door: what was trusted and chosen there still holds.
      const kept = again.kept
      const way = await chooseWay(io, options, kept?.user)
      const known = {
        ...reachOf(io, options),
        url: address,
        name: options.name ?? kept?.name,
        audience: options.audience ?? (io.env.KFDOOR_AUDIENCE || undefined),
        clientId: options.clientId ?? (io.env.KFDOOR_CLIENT_ID || undefined),
        clientSecret: io.env.KFDOOR_CLIENT_SECRET || undefined,
        allowPlainHttp: options.allowPlainHttp,
        trustedOrigins: (options.trustOrigin ?? kept?.trustedOrigins)?.map((one) => readDoorUrl(one).origin),
        trustCertificate: options.trustCertificate,
        keptAuthority: kept?.certificateAuthority,
        credentialStore: options.credentialStore,
        keptStore: kept?.credentialStore,
        kubeconfig: options.kubeconfig,
        context: options.context,
        way,
      }
      const ports = {
        say: (line: string) => io.err(line),
        openBrowser: (target: string) =>
          void import('../open-browser.ts').then((it) => it.openBrowser(target, io.env)),
        askLine: async (question: string) => {
          if (!io.tty.in)
            throw new Fault('ERR_USAGE', {
              message: 'a browser sign-in asks for an address, and there is no terminal',
              next: 'run it in a terminal, or use `--device` or a token',
            })
          return (await import('../prompt.ts')).ask(question)
        },
      }
      let connector = options.connector ?? (io.env.KFDOOR_CONNECTOR || undefined)
      let result: SignInResult
      try {
        result = await signIn(io.env, { ...known, connector }, ports)
      } catch (error) {
        // A person is asked which way in; a script is told what there is.
        if (!isFault(error) || error.code !== 'ERR_CONNECTOR_CHOICE' || connector !== undefined || !io.tty.in)
          throw error
        io.err('This door offers several ways in:')
        for (const { id, name } of error.facts.connectors) io.err(`  ${id.padEnd(12)} ${name}`)
        connector = (await ports.askLine('Which one? ')).trim()
        result = await signIn(io.env, { ...known, connector }, ports)
      }
      const { loginAsJson, renderLogin } = await import('./render-login.ts')
      io.out(
        options.output === 'json' ? JSON.stringify(loginAsJson(result)) : renderLogin(result, Date.now()),
      )
      io.exit(exitCode.ok)
    })

interface LoginOptions {
  readonly username?: string
  readonly passwordStdin?: boolean
  readonly connector?: string
  readonly browser?: boolean
  readonly device?: boolean
  readonly passwordGrant?: boolean
  readonly serviceAccount?: string
  readonly audience?: string
  readonly tokenStdin?: boolean
  readonly tokenFile?: string
  readonly cookieStdin?: boolean
  readonly clientId?: string
  readonly name?: string
  readonly credentialStore?: string
  readonly trustOrigin?: readonly string[]
  readonly trustCertificate?: string
  readonly allowPlainHttp?: boolean
  readonly kubeconfig?: string
  readonly context?: string
  readonly certificateAuthority?: string
  readonly insecureSkipTlsVerify?: boolean
  readonly output: 'text' | 'json'
}

/** Which way in was asked for; what is missing is asked for only where somebody can answer. */
async function chooseWay(
  io: Io,
  options: LoginOptions,
  before: string | undefined,
): Promise<(door: { readonly url: URL }) => Promise<Way>> {
  const ways = [
    options.browser && '--browser',
    options.device && '--device',
    options.serviceAccount !== undefined && '--service-account',
    options.tokenStdin && '--token-stdin',
    options.tokenFile !== undefined && '--token-file',
    options.cookieStdin && '--cookie-stdin',
    (options.username !== undefined || options.passwordStdin || options.passwordGrant) && '--username',
  ].filter((one) => typeof one === 'string')
  if (ways.length > 1) {
    throw new Fault('ERR_USAGE', {
      message: `${ways.join(' and ')} are different ways in`,
      next: 'choose one',
    })
  }
  const { env } = io
  const now = (way: Way) => async () => way
  if (options.browser) return now({ by: (options.clientId ?? env.KFDOOR_CLIENT_ID) ? 'browser' : 'paste' })
  if (options.device) return now({ by: 'device' })
  if (options.tokenStdin) return now({ by: 'token', token: await given(io, 'token') })
  if (options.cookieStdin) return now({ by: 'cookie', text: await given(io, 'cookie') })
  if (options.tokenFile !== undefined) return now({ by: 'token-file', path: options.tokenFile })
  const account =
    options.serviceAccount ?? (ways.length === 0 ? env.KFDOOR_SERVICE_ACCOUNT || undefined : undefined)
  if (account !== undefined) return now(serviceAccount(account))
  if (ways.length === 0) {
    if (env.KFDOOR_TOKEN) return now({ by: 'token', token: env.KFDOOR_TOKEN })
    if (env.KFDOOR_TOKEN_FILE) return now({ by: 'token-file', path: env.KFDOOR_TOKEN_FILE })
    if (env.KFDOOR_COOKIE) return now({ by: 'cookie', text: env.KFDOOR_COOKIE })
  }
  const by = options.passwordGrant ? ('password-grant' as const) : ('password' as const)
  const typed = options.passwordStdin ? await given(io, 'password') : env.KFDOOR_PASSWORD || undefined
  const name = options.username ?? (env.KFDOOR_USERNAME || undefined)
  let asked: Promise<Way> | undefined
  return ({ url }) => {
    asked ??= askPassword(io, by, { door: url.host, name, typed, before })
    return asked
  }
}

async function askPassword(
  io: Io,
  by: 'password' | 'password-grant',
  {
    door,
    name,
    typed,
    before,
  }: Readonly<Record<'door', string>> & Readonly<Partial<Record<'name' | 'typed' | 'before', string>>>,
): Promise<Way> {
  if ((name === undefined || typed === undefined) && !io.tty.in) {
    throw new Fault('ERR_CREDENTIALS_MISSING', {
      door,
      next: `${name === undefined ? 'say who with `--username` or KFDOOR_USERNAME, and ' : ''}hand over the password with \`--password-stdin\` or KFDOOR_PASSWORD`,
    })
  }
  const { ask } = await import('../prompt.ts')
  const username = name ?? ((await ask(`User name${before ? ` [${before}]` : ''}: `)).trim() || before || '')
  const password = typed ?? (await ask(`Password of ${username}: `, { hidden: true }))
  return { by, username, password }
}

async function given(io: Io, what: string): Promise<string> {
  const text = (await io.readStdin()).replace(/\r?\n$/, '')
  if (text.trim() !== '') return text
  throw new Fault('ERR_USAGE', {
    message: `there is no ${what} on stdin`,
    next: `pipe it in: \`… | kfdoor login URL --${what}-stdin\``,
  })
}

function serviceAccount(text: string): Way {
  const [namespace, name, more] = text.split('/')
  if (!namespace || !name || more !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`--service-account ${text}\` is not NS/NAME`,
      next: 'for example `--service-account team/default-editor`',
    })
  }
  return { by: 'service-account', namespace, name }
}
