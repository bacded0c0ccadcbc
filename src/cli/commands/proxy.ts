import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { reachOf, withTlsOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor proxy`, `kfdoor proxy --door work --door lab` */
export const proxyCommand = (io: Io) =>
  withTlsOptions(
    new Command('proxy')
      .summary('a local address that makes a door look open')
      .description(
        'Listens on loopback and carries requests to a door with your credential added and kept fresh: HTTP/1 and HTTP/2, gRPC, streams, WebSockets, uploads. Only programs that know the printed address get through, no web page and no other user.',
      )
      .argument('[url]', 'a door by its address (default: the current one)')
      .option('--door <name...>', 'doors signed in to before; one proxy each')
      .option('--port <port>', 'port on 127.0.0.1; 0 = a free one', '0')
      .option('--socket <path>', 'a Unix socket instead, which only you may open')
      .option(
        '--no-secret',
        'no secret in the path: whoever connects gets through; on Linux only your own programs',
      )
      .option(
        '--model <ns/name>',
        'the address is this model: its Host or path at the door is found and added',
      )
      .option('--host <name>', 'ask the door for this Host')
      .addOption(
        new Option('-o, --output <format>', 'how to print the address')
          .choices(['text', 'json'] as const)
          .default('text' as const),
      ),
  )
    .addHelpText(
      'after',
      `
Clients of gRPC, which choose no path, send the secret as metadata: x-kfdoor-secret.

Examples:
  kfdoor proxy
  kfdoor proxy --door work --door lab
  kfdoor proxy --port 8080 --no-secret
  kfdoor proxy --model team/iris --no-secret
  kfdoor proxy --socket /run/user/1000/door.sock`,
    )
    .action(
      async (
        url,
        options: {
          door?: string[]
          port: string
          socket?: string
          secret: boolean
          host?: string
          model?: string
          output: 'text' | 'json'
          certificateAuthority?: string
          insecureSkipTlsVerify?: boolean
        },
      ) => {
        const port = Number(options.port)
        if (!/^\d+$/.test(options.port) || port > 65_535) {
          throw new Fault('ERR_USAGE', {
            message: `\`${options.port}\` is no port`,
            next: 'write a number from 0 to 65535',
          })
        }
        if (options.model !== undefined && !/^[^/\s]+\/[^/\s]+$/.test(options.model)) {
          throw new Fault('ERR_USAGE', {
            message: `\`${options.model}\` is no model`,
            next: 'write it as NAMESPACE/NAME',
          })
        }
        const { certificateAuthority, insecure } = reachOf(io, {
          certificateAuthority: options.certificateAuthority,
          insecureSkipTlsVerify: options.insecureSkipTlsVerify,
        })
        const { runProxies } = await import('../../compose/doors/run-proxy.ts')
        const { askedToStop } = await import('../../compose/asked-to-stop.ts')
        const running = await runProxies(io.env, {
          doors: options.door ?? [],
          port,
          secret: options.secret,
          certificateAuthority,
          insecure,
          ...(url !== undefined && { url }),
          ...(options.socket !== undefined && { socket: options.socket }),
          ...(options.host !== undefined && { host: options.host }),
          ...(options.model !== undefined && { model: options.model }),
        })
        const stopped = askedToStop(() => running.close())
        if (options.output === 'json') {
          const [first] = running.addresses
          io.out(
            JSON.stringify({ ready: true, url: first?.url, proxies: running.addresses, pid: process.pid }),
          )
        } else {
          for (const { door, url: address } of running.addresses) io.out(`${address}  ->  ${door}`)
          if (!options.secret)
            io.err(
              process.platform === 'linux'
                ? 'every program of yours gets through; Ctrl-C ends it'
                : 'every program of every user of this machine gets through; Ctrl-C ends it',
            )
          else io.err('whoever knows this address gets through; Ctrl-C ends it')
        }
        await stopped
        io.exit(exitCode.ok)
      },
    )
