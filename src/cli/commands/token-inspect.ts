import { readFileSync } from 'node:fs'
import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { collect } from '../collect.ts'
import { reachOf, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor token inspect -`, `kfdoor token inspect FILE -f my-mesh/` */
export const tokenInspectCommand = (io: Io) =>
  withDoorOptions(
    new Command('inspect')
      .summary('decode a token here; would a door take it, by which rule, why not')
      .description(
        'Decodes a token on this computer and shows no signature. With -f, --snapshot or --context the rules of that YAML are put to it; with --ask the door you signed in to is asked, by one harmless request.',
      )
      .argument('[file]', 'a file with the token, `-` for stdin; else the token kept for the door')
      .option('-f, --filename <path>', 'mesh YAML, or profile:NAME; repeatable', collect)
      .option('--snapshot <file>', "a cluster's door as one file")
      .option('--context <name>', 'the cluster of this kubeconfig context')
      .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
      .option('--url <url>', 'what it is to open, by that YAML (default: the health of Pipelines)')
      .option('--ask', 'put it to the door itself')
      .addOption(
        new Option('-o, --output <format>', 'how to print it')
          .choices(['text', 'json'] as const)
          .default('text' as const),
      ),
  )
    .addHelpText(
      'after',
      `
Exit codes: 0 the door would take it, 1 it would not, 6 undecided, 2 no token.

Examples:
  kfdoor token inspect - < token.txt
  kfdoor token inspect /var/run/secrets/kubeflow/pipelines/token -f profile:26.03
  kfdoor token inspect - --context prod < token.txt
  kfdoor token inspect - --ask --door work < token.txt`,
    )
    .action(async (file, given) => {
      const options: typeof given & {
        door?: string
        certificateAuthority?: string
        insecureSkipTlsVerify?: boolean
      } = given
      const text = await readText(io, file, options.door)
      const { decodeToken } = await import('../token-facts.ts')
      const facts = decodeToken(text)
      if (!facts) {
        throw new Fault('ERR_USAGE', {
          message:
            'there is no token in that: a token has three parts with dots between and begins with `eyJ`',
          next: 'a session cookie of a door is no token; see `kfdoor status`',
        })
      }
      const { judgeByMesh, judgeByDoor } = await import('../token-verdict.ts')
      const { filename, snapshot, context, kubeconfig } = options
      const named = [filename, snapshot, context, kubeconfig].some((each) => each !== undefined)
      const verdict = named
        ? await judgeByMesh(io, facts, options.url, { filename, snapshot, context, kubeconfig })
        : options.ask
          ? await judgeByDoor(io, facts, reachOf(io, options))
          : undefined
      const { inspectAsJson, renderInspect } = await import('./render-inspect.ts')
      const now = Date.now()
      io.out(
        options.output === 'json'
          ? JSON.stringify(inspectAsJson(facts, verdict, now))
          : renderInspect(facts, verdict, now),
      )
      const over = facts.expiresAt !== undefined && facts.expiresAt <= now
      const takes = verdict?.takes ?? (over ? 'no' : 'unknown')
      // Nobody asked whether a door takes it: then it is enough that it is a token that is still good.
      if (!verdict) io.exit(over ? exitCode.no : exitCode.ok)
      else io.exit(takes === 'yes' ? exitCode.ok : takes === 'no' ? exitCode.no : exitCode.undecided)
    })

async function readText(io: Io, file: string | undefined, door: string | undefined): Promise<string> {
  if (file === '-') return io.readStdin()
  if (file !== undefined) {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      const { code = 'unreadable' } = error as NodeJS.ErrnoException
      throw new Fault('ERR_INPUT_UNREADABLE', {
        path: file,
        reason: code === 'ENOENT' ? 'it is not there' : code,
      })
    }
  }
  const { handOut } = await import('../../compose/doors/hand-out.ts')
  const kept = await handOut(io.env, { door })
  return kept.kind === 'token' ? kept.token : ''
}
