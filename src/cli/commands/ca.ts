import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { CertificateFacts } from '../../pki/index.ts'
import { exitCode, type Io } from '../io.ts'

const keyType = () =>
  new Option('--key-type <type>', 'ecdsa is P-256, rsa has 4096 bits')
    .choices(['ecdsa', 'rsa'] as const)
    .default('ecdsa' as const)
const dir = () => new Option('--dir <folder>', 'where its files lie').default('.')

/** `kfdoor ca init --dir my-ca --name kubeflow.example.com` */
export const caCommand = (io: Io) =>
  new Command('ca')
    .summary('own CA, certificates, signing requests, the TLS Secret')
    .description(
      'An own certificate authority for a door, step by step: a root limited to the door’s names, a key with its signing request, the signed certificate, and the Secret that a Gateway names by `credentialName`. Keys are files only you can read, and nothing that exists is overwritten.',
    )
    .addCommand(init(io))
    .addCommand(csr(io))
    .addCommand(sign(io))
    .addCommand(secret(io))
    .addCommand(inspect(io))
    .addCommand(path(io))
    .addHelpText(
      'after',
      `
Examples:
  kfdoor ca init --dir my-ca --name kubeflow.example.com
  kfdoor ca csr --dir my-ca --name kubeflow.example.com
  kfdoor ca sign --dir my-ca kubeflow.example.com.csr
  kfdoor ca secret --dir my-ca kubeflow.example.com --secret-name kubeflow-tls -n istio-system | kubectl apply -f -
  kfdoor ca inspect my-ca/kubeflow.example.com.crt
  curl --cacert "$(kfdoor ca path)" https://localhost:8443/`,
    )

async function open(folder: string) {
  const { openCaFolder } = await import('../../pki/index.ts')
  return openCaFolder(folder, Date.now)
}

const init = (io: Io) =>
  new Command('init')
    .summary('a root that may sign for these names, and what lies below them, only')
    .addOption(dir())
    .requiredOption('--name <name...>', 'host name or address; repeatable')
    .addOption(keyType())
    .addHelpText('after', `\nExample:\n  kfdoor ca init --dir my-ca --name kubeflow.example.com`)
    .action(async (options) => {
      const { certFile, keyFile } = await (await open(options.dir)).init({
        names: options.name,
        keyType: options.keyType,
      })
      io.err(`${certFile} is for everybody who calls the door: curl --cacert ${certFile}`)
      io.err(`${keyFile} signs certificates; it stays with you`)
      io.out(certFile)
    })

const csr = (io: Io) =>
  new Command('csr')
    .summary('a key and a signing request for a server')
    .addOption(dir())
    .requiredOption('--name <name...>', 'host name or address; the first names the files; repeatable')
    .addOption(keyType())
    .addHelpText('after', `\nExample:\n  kfdoor ca csr --dir my-ca --name kubeflow.example.com`)
    .action(async (options) => {
      const { csrFile, keyFile } = await (await open(options.dir)).csr({
        names: options.name,
        keyType: options.keyType,
      })
      io.err(`${keyFile} is the server's key`)
      io.out(csrFile)
    })

const sign = (io: Io) =>
  new Command('sign')
    .summary("a server's certificate from its signing request")
    .addOption(dir())
    .option('--days <days>', 'how long it lives, at most 397', '397')
    .argument('<request>', 'a CSR in PEM: a path, or a file in the folder')
    .addHelpText('after', `\nExample:\n  kfdoor ca sign --dir my-ca kubeflow.example.com.csr`)
    .action(async (request, options) => {
      const days = Number(options.days)
      if (!Number.isInteger(days) || days < 1 || days > 397) {
        throw new Fault('ERR_USAGE', {
          message: `\`--days ${options.days}\` is not a whole number from 1 to 397`,
        })
      }
      const { certFile, names, validTo } = await (await open(options.dir)).sign(request, { days })
      io.err(`for ${[...names.dns, ...names.ips].join(', ')}, until ${validTo.toISOString().slice(0, 10)}`)
      io.out(certFile)
    })

const secret = (io: Io) =>
  new Command('secret')
    .summary('the Secret that a Gateway names by credentialName, as YAML; it holds the key')
    .addOption(dir())
    .requiredOption('--secret-name <name>', "the Gateway's credentialName")
    .option(
      '-n, --namespace <namespace>',
      "the gateway pod's namespace, where Istio looks for it",
      'istio-system',
    )
    .argument('<server>', 'the name its request was made for')
    .addHelpText(
      'after',
      `\nExample:\n  kfdoor ca secret --dir my-ca kubeflow.example.com --secret-name kubeflow-tls | kubectl apply -f -`,
    )
    .action(async (server, options) => {
      const folder = await open(options.dir)
      io.out(folder.secret(server, { name: options.secretName, namespace: options.namespace }))
    })

const inspect = (io: Io) =>
  new Command('inspect')
    .summary('what a certificate says, and what clients will say against it')
    .addOption(
      new Option('-o, --output <format>').choices(['text', 'json'] as const).default('text' as const),
    )
    .argument('<file>', 'certificates in PEM, `-` for stdin')
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca inspect my-ca/kubeflow.example.com.crt\n  kubectl -n istio-system get secret kubeflow-tls -o jsonpath='{.data.tls\\.crt}' | base64 -d | kfdoor ca inspect -`,
    )
    .action(async (file, options) => {
      const { inspectCertificates, readNeeded } = await import('../../pki/index.ts')
      const pem = file === '-' ? await io.readStdin() : readNeeded(file)
      const certificates = inspectCertificates(pem, file === '-' ? 'stdin' : file, Date.now())
      io.out(
        options.output === 'json' ? JSON.stringify({ certificates }) : certificates.map(render).join('\n'),
      )
      if (certificates.some(({ problems }) => problems.length > 0)) io.exit(exitCode.no)
    })

const path = (io: Io) =>
  new Command('path')
    .summary("where the root certificate of this machine's door lies")
    .option('--url <url>', 'which of several running doors')
    .option('--state <dir>', 'the state folder of a door')
    .addHelpText('after', '\nExample:\n  curl --cacert "$(kfdoor ca path)" https://localhost:8443/')
    .action(async (options) => {
      const { caFileOfDoor } = await import('../../compose/choose-door.ts')
      io.out(caFileOfDoor(io.env, options))
    })

function render(facts: CertificateFacts): string {
  const rows: readonly (readonly [string, string])[] = [
    ['subject', facts.subject],
    ['issuer', facts.issuer],
    ['names', facts.names.join(', ') || '-'],
    ['valid', `${facts.notBefore.slice(0, 10)} to ${facts.notAfter.slice(0, 10)}`],
    [
      'authority',
      facts.authority ? `yes${facts.limitedTo ? `, for ${facts.limitedTo.join(', ')} only` : ''}` : 'no',
    ],
    ['key', facts.key],
    ['sha256', facts.sha256],
    ...facts.problems.map((problem) => ['problem', problem] as const),
  ]
  return rows.map(([name, value]) => `${name.padEnd(10)} ${value}\n`).join('')
}
