import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { type DoorOptions as ReachWords, withDoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'
import type { VerifyWords } from '../verify/print-verify.ts'

/** `kfdoor verify https://localhost:8443 -f profile:26.03` */
export const verifyCommand = (io: Io) =>
  withDoorOptions(
    new Command('verify')
      .summary(
        'ask a live door the witnesses of its own map, and list where it answers otherwise than its YAML says',
      )
      .description(
        'Makes the map of the YAML, puts its witnesses to the door one by one, and compares. It asks as nobody and as you; what belongs to others is listed and not asked. Beyond this machine it shows what it would ask and waits for --yes. It never signs out, loads or unloads models, or speaks to kernels.',
      )
      .argument('<url>', 'the door')
      .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
      .option('--snapshot <file>', "a cluster's door as one file")
      .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
      .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
      .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
      .option('--gateway <ns/name>', 'the gateway behind the address (default: the ingress gateway)')
      .option('--as <principal>', 'only this caller of those found; repeatable', collect)
      .option(
        '--self <principal>',
        'who you are, where your credential does not say it: user:EMAIL,groups=a+b',
      )
      .addOption(
        new Option(
          '--hardening <level>',
          'default: a kfdoor gateway answers; istio-parity: Istio (default: found out)',
        ).choices(['default', 'istio-parity']),
      )
      .option('-y, --yes', 'ask a door beyond this machine')
      .option('--rate <n>', 'requests a second, at most', '10')
      .option('--probe-forged', 'also witnesses with a forged identity header, against your own namespaces')
      .option(
        '-n, --namespace <name>',
        'a namespace of yours (default: by the Profiles); repeatable',
        collect,
      )
      .option('--mint', 'ask for tokens of the other service accounts (TokenRequest)')
      .option('--wake', 'also models that are scaled to zero, which starts them')
      .option('--allow-post', 'also POST routes, with an empty body')
      .option('--write-fixture <file>', 'write what disagrees as tests for `kfdoor test`')
      .addOption(
        new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'),
      ),
  )
    .addHelpText(
      'after',
      `
Exit codes: 0 all agree, 1 something disagrees, 6 nothing could be asked.

Examples:
  kfdoor verify https://localhost:8443 -f profile:26.03
  kfdoor verify https://kubeflow.example.com --context prod --yes --rate 2
  kfdoor verify https://localhost:8443 -f mesh/ --probe-forged --write-fixture found.yaml`,
    )
    .action(async (url, options: VerifyWords & ReachWords) => {
      const { printVerify } = await import('../verify/print-verify.ts')
      io.exit(await printVerify(io, url, options))
    })
