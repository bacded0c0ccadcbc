import { Command } from '@commander-js/extra-typings'
import type { Certificate, CertificateFacts, ClientVerdict } from '../../pki/index.ts'
import { exitCode, type Io } from '../io.ts'
import { printable } from '../printable.ts'
import { output } from './options.ts'

export const inspect = (io: Io) =>
  new Command('inspect')
    .summary('what a certificate says, which clients take it, and why the others do not')
    .description(
      'Reads a file in PEM, a Secret in YAML, a Secret of the cluster (secret/NAMESPACE/NAME), or what a server shows (https://HOST), and says of curl, Python, Node, Go and Chromium what each would do with it.',
    )
    .addOption(output())
    .option('--host <name>', 'whom clients ask for; default: the host of the URL, else its first name')
    .option(
      '--ca <file>',
      'the root the clients trust; default: the one beside it, in the Secret, or the system’s',
    )
    .option('--context <name>', 'of the kubeconfig, for secret/NAMESPACE/NAME')
    .option('--kubeconfig <file>')
    .argument('<target>', 'a file, https://HOST[:PORT], secret/NAMESPACE/NAME, or `-` for stdin')
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca inspect my-ca/kubeflow.example.com.crt\n  kfdoor ca inspect https://kubeflow.example.com --ca my-ca/ca.crt\n  kfdoor ca inspect secret/istio-system/kubeflow-tls --host kubeflow.example.com -o json`,
    )
    .action(async (target, options) => {
      const { hostOf, misplaced, readShown, rootsFor } = await import('../../compose/ca/inspect.ts')
      const { askedFor, inspectCertificates, judgeClients } = await import('../../pki/index.ts')
      const now = Date.now()
      const shown = await readShown(target, { ...options, readStdin: () => io.readStdin(), env: io.env })
      const facts = inspectCertificates(shown.pem, target, now)
      const [leaf] = shown.chain
      const order = misplaced(shown)
      const host = options.host === undefined ? hostOf(shown) : askedFor(options.host)
      const { trusted, where } = await rootsFor(shown, options.ca, io.env)
      // An authority is handed to clients, it is not shown to them.
      const named = leaf?.names && leaf.names.dns.length + leaf.names.ips.length > 0
      const isServer = leaf !== undefined && (!leaf.basic?.ca || named) && host !== undefined
      const clients = isServer ? judgeClients({ chain: shown.chain, host, trusted, now }) : []
      const versions = shown.chain.map(({ version }) => version)
      if (options.output === 'json') {
        const certificates = facts.map((one, at) => ({ ...one, version: versions[at] }))
        const asked = isServer ? { host, trusting: where } : {}
        io.out(
          JSON.stringify({
            target,
            ...asked,
            certificates,
            clients,
            ...(shown.key && { key: shown.key }),
            ...(order && { order }),
          }),
        )
      } else {
        io.out(facts.map((one, at) => render(one, shown.chain[at])).join('\n'))
        for (const problem of [shown.key, order].filter(Boolean))
          io.out(`\n${'problem'.padEnd(10)} ${problem}`)
        if (isServer)
          io.out(`\nasked for ${printable(host)}, trusting ${where}:\n${clients.map(verdict).join('')}`)
      }
      const refused = clients.some(({ accepts }) => accepts === 'no')
      if (
        refused ||
        order ||
        shown.key?.includes('belong') ||
        facts.some(({ problems }) => problems.length > 0)
      )
        io.exit(exitCode.no)
      else if (clients.some(({ accepts }) => accepts === 'unknown')) io.exit(exitCode.undecided)
    })

const mark = { yes: 'takes it', no: 'refuses', unknown: 'unknown' } as const

function verdict({ who, accepts, reasons }: ClientVerdict): string {
  const [first, ...more] = reasons.map(printable)
  const rest = more.map((reason) => `${' '.repeat(44)}${reason}\n`).join('')
  return `  ${who.padEnd(33)}${mark[accepts]}${first === undefined ? '' : `${accepts === 'unknown' ? '' : ' '}  ${first}`}\n${rest}`
}

function render(facts: CertificateFacts, certificate: Certificate | undefined): string {
  const { version, names, extended } = certificate ?? {}
  const uses = extended?.map((oid) => purposes[oid] ?? oid).join(', ')
  const rows: readonly (readonly [string, string])[] = [
    ['subject', facts.subject],
    ['issuer', facts.issuer],
    ['names', [...facts.names, ...(names?.uris ?? [])].join(', ') || '-'],
    ['valid', `${facts.notBefore.slice(0, 10)} to ${facts.notAfter.slice(0, 10)}`],
    [
      'authority',
      facts.authority ? `yes${facts.limitedTo ? `, for ${facts.limitedTo.join(', ')} only` : ''}` : 'no',
    ],
    ...(uses === undefined ? [] : [['for', uses] as const]),
    ['key', facts.key],
    ['sha256', facts.sha256],
    ...(version !== undefined && version < 3
      ? [['version', `X.509 v${version}: it has no extensions`] as const]
      : []),
    ...facts.problems.map((problem) => ['problem', problem] as const),
  ]
  return rows.map(([name, value]) => `${name.padEnd(10)} ${printable(value)}\n`).join('')
}

const purposes: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'servers',
  '1.3.6.1.5.5.7.3.2': 'clients',
  '2.5.29.37.0': 'anything',
}
