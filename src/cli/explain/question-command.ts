import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'

/** A command that puts one request to a door: what to ask, as whom, and where the door is read from. */
export const questionCommand = (name: string) =>
  new Command(name)
    .argument('[words...]', 'URL, METHOD URL, or a whole curl command after `--`')
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', 'a snapshot of a cluster, instead of `-f` or beside it')
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option(
      '--as <principal>',
      'anonymous, user:EMAIL[,groups=a+b], sa:NS/NAME[,aud=A][,iss=I], mesh:NS/SA, outside; +forged on any',
      'anonymous',
    )
    .option('-H, --header <line>', 'a header to send, `Name: value`; repeatable', collect)
    .option('-d, --data <body>', 'a body to send')
    .option('--cert <spiffe>', 'the URI name of a client certificate, taken as trusted')
    .option('--answer <file>', "the providers' answers instead of what the principal implies: JSON, a list")
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'))
