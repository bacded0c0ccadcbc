import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from './io.ts'

/** A command as `kfdoor --help` knows it: its words here, its code loaded only when it runs. */
export interface Entry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly group: 'use a door' | 'look into a door' | 'run and change a door' | 'kfdoor itself'
  /** How it is typed, after `kfdoor`. */
  readonly usage: string
  readonly summary: string
  readonly load: () => Promise<(io: Io) => CommandUnknownOpts>
}

export const registry: readonly Entry[] = [
  {
    name: 'login',
    group: 'use a door',
    usage: 'login URL',
    summary: 'recognise a door and sign in',
    load: async () => (await import('./commands/login.ts')).loginCommand,
  },
  {
    name: 'logout',
    group: 'use a door',
    usage: 'logout',
    summary: 'end a session, there and here',
    load: async () => (await import('./commands/logout.ts')).logoutCommand,
  },
  {
    name: 'status',
    group: 'use a door',
    usage: 'status',
    summary: 'what is kept for a door and until when; asks nobody',
    load: async () => (await import('./commands/status.ts')).statusCommand,
  },
  {
    name: 'whoami',
    group: 'use a door',
    usage: 'whoami',
    summary: 'who the door thinks you are, your namespaces and roles',
    load: async () => (await import('./commands/whoami.ts')).whoamiCommand,
  },
  {
    name: 'doors',
    group: 'use a door',
    usage: 'doors [use|remove NAME]',
    summary: 'the doors signed in to: list them, choose one, forget one',
    load: async () => (await import('./commands/doors.ts')).doorsCommand,
  },
  {
    name: 'token',
    group: 'use a door',
    usage: 'token [-o header|cookie|json|…]',
    summary: 'the credential of a door signed in to, or one minted for the local door',
    load: async () => (await import('./commands/token.ts')).tokenCommand,
  },
  {
    name: 'curl',
    group: 'use a door',
    usage: 'curl [curl options] PATH',
    summary: 'one request, with curl and your credential',
    load: async () => (await import('./commands/curl.ts')).curlCommand,
  },
  {
    name: 'proxy',
    group: 'use a door',
    usage: 'proxy [URL]',
    summary: 'a local address that makes a door look open',
    load: async () => (await import('./commands/proxy.ts')).proxyCommand,
  },
  {
    name: 'exec',
    group: 'use a door',
    usage: 'exec -- COMMAND',
    summary: 'a command with everything set to get through',
    load: async () => (await import('./commands/exec.ts')).execCommand,
  },
  {
    name: 'why',
    group: 'use a door',
    usage: "why 'TEXT' | why -- COMMAND",
    summary: 'an error text, or a command that fails at a door: cause and fix',
    load: async () => (await import('./commands/why.ts')).whyCommand,
  },
  {
    name: 'kfp',
    group: 'use a door',
    usage: 'kfp runs list|create|wait …',
    summary: 'Pipelines behind a door: experiments, pipelines, runs',
    load: async () => (await import('./commands/kfp.ts')).kfpCommand,
  },
  {
    name: 'models',
    group: 'use a door',
    usage: 'models [-f DIR | --door NAME]',
    summary: 'every model, its URLs, who reaches it',
    load: async () => (await import('./commands/models.ts')).modelsCommand,
  },
  {
    name: 'infer',
    group: 'use a door',
    usage: 'infer MODEL -d @FILE',
    summary: 'ask a model: KServe V1, V2 (REST or gRPC), or OpenAI completions',
    load: async () => (await import('./commands/infer.ts')).inferCommand,
  },
  {
    name: 'open',
    group: 'use a door',
    usage: 'open [PATH]',
    summary: 'the dashboard in a browser',
    load: async () => (await import('./commands/open.ts')).openCommand,
  },
  {
    name: 'explain',
    group: 'look into a door',
    usage: 'explain [METHOD] URL --as P',
    summary: 'what a door answers to a request, and which line of YAML decides it',
    load: async () => (await import('./commands/explain.ts')).explainCommand,
  },
  {
    name: 'can-i',
    group: 'look into a door',
    usage: 'can-i [METHOD] URL --as P [-q]',
    summary: 'whether a request gets through: yes or no, or only the exit code',
    load: async () => (await import('./commands/can-i.ts')).canICommand,
  },
  {
    name: 'verify',
    group: 'look into a door',
    usage: 'verify URL -f DIR',
    summary: 'ask a live door the witnesses of its own map: where does it answer otherwise',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  {
    name: 'lint',
    aliases: ['analyze'],
    group: 'look into a door',
    usage: 'lint -f PATH',
    summary: 'findings in the YAML of a door: what is open, dead, or not what it looks like',
    load: async () => (await import('./commands/lint.ts')).lintCommand,
  },
  {
    name: 'map',
    group: 'look into a door',
    usage: 'map -f DIR',
    summary: 'who reaches what: every route of a door, and what becomes of everybody on it',
    load: async () => (await import('./commands/map.ts')).mapCommand,
  },
  {
    name: 'who-can',
    group: 'look into a door',
    usage: 'who-can METHOD URL',
    summary: 'who gets there, of everybody found in the YAML',
    load: async () => (await import('./commands/who-can.ts')).whoCanCommand,
  },
  {
    name: 'what-can',
    group: 'look into a door',
    usage: 'what-can PRINCIPAL',
    summary: 'every route that is open to one caller',
    load: async () => (await import('./commands/what-can.ts')).whatCanCommand,
  },
  {
    name: 'test',
    group: 'look into a door',
    usage: 'test TESTS -f DIR',
    summary: 'example requests and what should come of them, without a cluster',
    load: async () => (await import('./commands/test.ts')).testCommand,
  },
  {
    name: 'doctor',
    group: 'look into a door',
    usage: 'doctor URL',
    summary: 'walk to a live door hop by hop, and name what is broken',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'snapshot',
    group: 'look into a door',
    usage: 'snapshot > door.yaml',
    summary: "a cluster's door as one file, without secrets",
    load: async () => (await import('./commands/snapshot.ts')).snapshotCommand,
  },
  {
    name: 'diff',
    group: 'look into a door',
    usage: 'diff OLD NEW',
    summary: 'who gains and who loses between two doors, each with a request that shows it',
    load: async () => (await import('./commands/diff.ts')).diffCommand,
  },
  {
    name: 'prove',
    group: 'look into a door',
    usage: 'prove CLAIMS -f DIR',
    summary: 'claims over all requests: each holds, or a request shows that it does not',
    load: async () => (await import('./commands/prove.ts')).proveCommand,
  },
  {
    name: 'console',
    group: 'look into a door',
    usage: 'console -f DIR',
    summary: 'the door as a page: ask it, edit its YAML, see who reaches what',
    load: async () => (await import('./commands/console.ts')).consoleCommand,
  },
  {
    name: 'up',
    group: 'run and change a door',
    usage: 'up [--profile NAME | -f DIR]',
    summary: "a whole front door here, from a release's YAML or from yours",
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  {
    name: 'serve',
    group: 'run and change a door',
    usage: 'serve authz --config FILE | serve gateway -f DIR',
    summary: 'one part of a door: the auth service for a mesh, or the data plane',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  {
    name: 'export',
    group: 'run and change a door',
    usage: 'export envoy -f DIR',
    summary: 'the door as the configuration a stock Envoy runs',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  {
    name: 'expose',
    group: 'run and change a door',
    usage: 'expose MODEL --to sa:NS/NAME',
    summary: 'let named callers reach a model, a notebook or a Service, and nobody else',
    load: async () => (await import('./commands/expose.ts')).exposeCommand,
  },
  {
    name: 'unexpose',
    group: 'run and change a door',
    usage: 'unexpose MODEL',
    summary: 'take back what `expose` opened',
    load: async () => (await import('./commands/unexpose.ts')).unexposeCommand,
  },
  {
    name: 'ca',
    group: 'run and change a door',
    usage: 'ca init|server|csr|sign|renew|secret|inspect|install|env|…',
    summary: 'own CA, certificates, signing requests, the TLS Secret',
    load: async () => (await import('./commands/ca.ts')).caCommand,
  },
  {
    name: 'plan',
    group: 'run and change a door',
    usage: 'plan list|show|status [PLAN]',
    summary: 'what is planned and applied, and how far',
    load: async () => (await import('./commands/plan.ts')).planCommand,
  },
  {
    name: 'apply',
    group: 'run and change a door',
    usage: 'apply PLAN [--continue]',
    summary: 'carry a plan out: everything is checked before the first write',
    load: async () => (await import('./commands/apply.ts')).applyCommand,
  },
  {
    name: 'rollback',
    group: 'run and change a door',
    usage: 'rollback PLAN',
    summary: 'undo what is applied of a plan, last write first',
    load: async () => (await import('./commands/rollback.ts')).rollbackCommand,
  },
  {
    name: 'tls',
    group: 'run and change a door',
    usage: 'tls enable [--ca DIR|--cert FILE …]',
    summary: 'TLS at the Gateway: 443 with a certificate, 80 redirects',
    load: async () => (await import('./commands/tls.ts')).tlsCommand,
  },
  {
    name: 'hash-password',
    group: 'run and change a door',
    usage: 'hash-password',
    summary: "a password from stdin as Dex's bcrypt hash",
    load: async () => (await import('./commands/hash-password.ts')).hashPasswordCommand,
  },
  {
    name: 'explain-code',
    group: 'kfdoor itself',
    usage: 'explain-code KFD####',
    summary: 'what a code means and what to do about it',
    load: async () => (await import('./commands/explain-code.ts')).explainCodeCommand,
  },
  {
    name: 'completion',
    group: 'kfdoor itself',
    usage: 'completion bash|zsh|fish|powershell',
    summary: 'a completion script for your shell',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  {
    name: 'version',
    group: 'kfdoor itself',
    usage: 'version',
    summary: 'the version of kfdoor and of the Node that runs it',
    load: async () => (await import('./commands/version.ts')).versionCommand,
  },
]

export function findEntry(name: string): Entry | undefined {
  return registry.find((entry) => entry.name === name || entry.aliases?.includes(name))
}
