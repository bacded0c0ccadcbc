import { Command } from '@commander-js/extra-typings'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor snapshot > door.yaml` */
export const snapshotCommand = (io: Io) =>
  new Command('snapshot')
    .summary("a cluster's door as one file, without secrets")
    .description(
      'Reads every object that decides who gets through, and prints them as one YAML that all commands take. Passwords, hashes, tokens, literals of environments that are no known settings, texts of Lua, and headers that carry credentials are replaced by fingerprints under a key that is thrown away; Secrets are not read at all unless --with-secrets.',
    )
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('-n, --namespace <name...>', 'only these namespaces; repeatable')
    .option('--kube-as <user>', 'impersonate this user at the API server')
    .option('--with-secrets', 'certificates of TLS Secrets, and fingerprints of the others')
    .option('--anonymize', 'e-mail addresses, and names made of them, become fingerprints too')
    .option('--role', 'print the ClusterRole that reading takes, and read nothing')
    .addHelpText(
      'after',
      `
Examples:
  kfdoor snapshot > door.yaml && kfdoor lint --snapshot door.yaml
  kfdoor snapshot --context prod --with-secrets --anonymize > prod.yaml
  kfdoor snapshot --role | kubectl apply -f -`,
    )
    .action(async (options) => {
      if (options.role) {
        const { readerRole } = await import('../../compose/reader-role.ts')
        io.out(readerRole(options.withSecrets === true))
        return
      }
      const { asYaml, readCluster } = await import('../../compose/read-cluster.ts')
      const progress = io.tty.err
        ? (done: number, of: number, what: string) =>
            process.stderr.write(`\r\x1b[Kreading ${done}/${of} ${what}`)
        : undefined
      const snapshot = await readCluster(io.env, {
        withSecrets: options.withSecrets === true,
        anonymize: options.anonymize === true,
        ...(options.context !== undefined && { context: options.context }),
        ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
        ...(options.namespace !== undefined && { namespaces: options.namespace }),
        ...(options.kubeAs !== undefined && { as: options.kubeAs }),
        ...(progress && { progress }),
      })
      if (progress) process.stderr.write('\r\x1b[K')
      io.out(asYaml(snapshot, new Date().toISOString()))
      io.err(`${snapshot.objects.length} objects of ${snapshot.server}`)
      for (const each of snapshot.incomplete) io.err(`left out, ${each}`)
      io.exit(exitCode.ok)
    })
