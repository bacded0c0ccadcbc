import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { type DoorOptions, withDoorOptions } from '../door-options.ts'

/** Options every command has that changes a door. */
export interface ChangeOptions extends DoorOptions {
  readonly filename?: readonly string[]
  readonly snapshot?: string
  readonly context?: string
  readonly kubeconfig?: string
  readonly istioVersion?: string
  readonly output?: string
  readonly apply?: boolean
  readonly yes?: boolean
  readonly dryRun?: string
  readonly verify?: string
  readonly autoRollback?: boolean
  readonly wait?: string
}

/** Adds them to a command; its action hands `command.opts()` and itself to `runChange`. */
export function withChangeOptions<C extends CommandUnknownOpts>(command: C): C {
  command
    .allowExcessArguments()
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(
      new Option(
        '-o, --output <format>',
        'instead of the page: plan (YAML to keep), json, yaml (the objects), kustomize DIR (a component)',
      ),
    )
    .option('--apply', 'carry the plan out; asks first')
    .option('--yes', 'with --apply: do not ask')
    .addOption(new Option('--dry-run <where>', 'write nothing: client, or ask the API server too: server'))
  return withVerifyOptions(command)
}

/** `--verify URL`, and how that door is reached. Not `--timeout`: of `expose` that is the route's. */
function withVerifyOptions<C extends CommandUnknownOpts>(command: C): C {
  command
    .option('--verify <url>', "with --apply: ask the live door the plan's own witnesses afterwards")
    .option(
      '--auto-rollback',
      'with --verify: undo the plan where the door lets through what it did not predict',
    )
    .option(
      '--wait <seconds>',
      'with --apply: how long to wait until controllers and the door have it (default: 60)',
    )
  return withDoorOptions(command)
}
