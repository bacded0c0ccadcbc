import { Command } from '@commander-js/extra-typings'
import { env } from '../ca/env.ts'
import { inspect } from '../ca/inspect.ts'
import { configmap, secret } from '../ca/kubernetes.ts'
import { client, csr, init, intermediate, server, sign } from '../ca/make.ts'
import { renewCommand } from '../ca/renew.ts'
import { install, uninstall } from '../ca/trust.ts'
import type { Io } from '../io.ts'

/** `kfdoor ca init --dir my-ca --name kubeflow.example.com` */
export const caCommand = (io: Io) =>
  new Command('ca')
    .summary('own CA, certificates, signing requests, the TLS Secret')
    .description(
      'An own certificate authority for a door: a root limited to the door’s names, authorities below it, certificates for servers and callers, signing requests in and out, the Secret that a Gateway names by `credentialName`, and what makes clients trust it. Keys are files only you can read, and nothing that exists is overwritten unless `--force` says so.',
    )
    .addCommand(init(io))
    .addCommand(intermediate(io))
    .addCommand(server(io))
    .addCommand(client(io))
    .addCommand(csr(io))
    .addCommand(sign(io))
    .addCommand(renewCommand(io))
    .addCommand(secret(io))
    .addCommand(configmap(io))
    .addCommand(inspect(io))
    .addCommand(install(io))
    .addCommand(uninstall(io))
    .addCommand(env(io))
    .addCommand(path(io))
    .addHelpText(
      'after',
      `
Examples:
  kfdoor ca init --dir my-ca --name kubeflow.example.com
  kfdoor ca server --dir my-ca --name kubeflow.example.com
  kfdoor ca secret --dir my-ca kubeflow.example.com --secret-name kubeflow-tls -n istio-system | kubectl apply -f -
  kfdoor ca inspect https://kubeflow.example.com --ca my-ca/ca.crt
  kfdoor ca install --dir my-ca --dry-run
  curl --cacert "$(kfdoor ca path)" https://localhost:8443/`,
    )

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
