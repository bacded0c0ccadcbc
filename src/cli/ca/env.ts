import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { TrustVariable } from '../../compose/ca/variables.ts'
import type { Io } from '../io.ts'
import { caFile, dir, force, rootFile } from './options.ts'

const formats = ['sh', 'fish', 'powershell', 'dotenv', 'kubernetes', 'json'] as const

export const env = (io: Io) =>
  new Command('env')
    .summary('the variables that make curl, Python, Node, Java and Go trust the root')
    .addOption(dir())
    .addOption(caFile())
    .option(
      '--into <folder>',
      'writes ca.pem, roots.pem (the system’s roots and this one) and, where keytool is, roots.p12 there',
    )
    .addOption(force())
    .addOption(new Option('-o, --output <format>').choices(formats).default('sh' as const))
    .option(
      '--configmap-name <name>',
      'for -o kubernetes: what `ca configmap --system-roots` made',
      'kubeflow-ca',
    )
    .addHelpText(
      'after',
      `\nExamples:\n  eval "$(kfdoor ca env --dir my-ca --into ~/.config/kubeflow-roots)"\n  kfdoor ca env --dir my-ca -o kubernetes\n\nMost of these take the place of the system's roots, so they name a file with both.`,
    )
    .action(async (options) => {
      const { trustVariables, variables } = await import('../../compose/ca/variables.ts')
      if (options.output === 'kubernetes') {
        return io.out(
          forContainer(
            variables('/etc/kubeflow-ca/roots.pem', '/etc/kubeflow-ca/ca.crt'),
            options.configmapName,
          ),
        )
      }
      if (options.into === undefined) {
        throw new Fault('ERR_USAGE', { message: 'the variables name files: say where with `--into FOLDER`' })
      }
      const { readNeeded } = await import('../../pki/index.ts')
      const list = await trustVariables(readNeeded(await rootFile(io, options)), options.into, {
        env: io.env,
        force: options.force ?? false,
      })
      io.out(render(list, options.output))
    })

function render(list: readonly TrustVariable[], format: (typeof formats)[number]): string {
  switch (format) {
    case 'json':
      return JSON.stringify(Object.fromEntries(list.map(({ name, value }) => [name, value])))
    case 'powershell':
      return list.map(({ name, value }) => `$env:${name} = '${value.replaceAll("'", "''")}'`).join('\n')
    case 'fish':
      return list
        .map(({ name, value }) => `set -gx ${name} '${value.replaceAll(/['\\]/g, '\\$&')}'`)
        .join('\n')
    case 'dotenv':
      return list.map(({ name, value }) => `${name}=${value}`).join('\n')
    default:
      return list
        .map(({ name, value, who }) => `export ${name}='${value.replaceAll("'", "'\\''")}' # ${who}`)
        .join('\n')
  }
}

/** A piece of a pod's specification. */
const forContainer = (list: readonly TrustVariable[], name: string): string =>
  [
    'containers:',
    '- env:',
    ...list.flatMap((one) => [`  - name: ${one.name} # ${one.who}`, `    value: ${one.value}`]),
    '  volumeMounts:',
    '  - name: kubeflow-ca',
    '    mountPath: /etc/kubeflow-ca',
    '    readOnly: true',
    'volumes:',
    '- name: kubeflow-ca',
    '  configMap:',
    `    name: ${JSON.stringify(name)}`,
  ].join('\n')
