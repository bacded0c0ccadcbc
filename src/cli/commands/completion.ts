import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Io } from '../io.ts'
import { registry } from '../registry.ts'

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const
type Shell = (typeof shells)[number]

/** `kfdoor completion bash >> ~/.bashrc` */
export const completionCommand = (io: Io) =>
  new Command('completion')
    .summary('a completion script for your shell')
    .argument('<shell>', shells.join(', '))
    .addHelpText(
      'after',
      '\nExample:\n  kfdoor completion bash > ~/.local/share/bash-completion/completions/kfdoor',
    )
    .action(async (shell) => {
      if (!shells.includes(shell as Shell)) {
        throw new Fault('ERR_USAGE', { message: `\`${shell}\` is not one of ${shells.join(', ')}` })
      }
      io.out(scripts[shell as Shell](await describe(io)))
    })

/** A command's words and options, read off the commands themselves. */
interface Described {
  readonly name: string
  readonly summary: string
  readonly options: readonly string[]
  readonly children: readonly string[]
}

async function describe(io: Io): Promise<readonly Described[]> {
  return Promise.all(
    registry.map(async (entry) => {
      const command = (await entry.load())(io)
      return {
        name: entry.name,
        summary: entry.summary,
        options: longOptions(command),
        children: command.commands.map((child) => child.name()),
      }
    }),
  )
}

function longOptions(command: CommandUnknownOpts): string[] {
  const own = command.options.flatMap((option) => (option.long ? [option.long] : []))
  return [...new Set([...own, ...command.commands.flatMap(longOptions), '--help'])].sort()
}

const words = (one: Described) => [...one.children, ...one.options].join(' ')
const plain = (text: string) => text.replace(/['"`$\\]/g, '')

const scripts: { readonly [S in Shell]: (commands: readonly Described[]) => string } = {
  bash: (commands) => `# kfdoor completion for bash
_kfdoor() {
  local word=\${COMP_WORDS[COMP_CWORD]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map((one) => one.name).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map((one) => `      ${one.name}) words="${words(one)}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _kfdoor kfdoor`,
  zsh: (commands) => `#compdef kfdoor
_kfdoor() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map((one) => `      '${one.name}:${plain(one.summary)}'`).join('\n')}
    )
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map((one) => `    ${one.name}) compadd -- ${words(one)}; _files ;;`).join('\n')}
  esac
}
compdef _kfdoor kfdoor`,
  fish: (commands) =>
    [
      '# kfdoor completion for fish',
      ...commands.flatMap((one) => [
        `complete -c kfdoor -n __fish_use_subcommand -f -a ${one.name} -d '${plain(one.summary)}'`,
        ...one.children.map(
          (child) => `complete -c kfdoor -n '__fish_seen_subcommand_from ${one.name}' -a ${child}`,
        ),
        ...one.options.map(
          (option) => `complete -c kfdoor -n '__fish_seen_subcommand_from ${one.name}' -l ${option.slice(2)}`,
        ),
      ]),
    ].join('\n'),
  powershell: (commands) => `# kfdoor completion for PowerShell
Register-ArgumentCompleter -Native -CommandName kfdoor -ScriptBlock {
  param($word, $line, $position)
  $typed = $line.CommandElements | ForEach-Object { $_.ToString() }
  $words = @{
${commands.map((one) => `    '${one.name}' = '${words(one)}'`).join('\n')}
  }
  $choices = if ($typed.Count -le 1 -or ($typed.Count -eq 2 -and $word)) { $words.Keys } else { $words[$typed[1]] -split ' ' }
  $choices | Where-Object { $_ -like "$word*" } | Sort-Object
}`,
}
