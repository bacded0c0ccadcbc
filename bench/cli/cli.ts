import { spawnSync } from 'node:child_process'
import { atMost, judge, type Result } from '../kit/result.ts'
import { interleaved, type Spread } from '../kit/rounds.ts'
import { kfdoorProgram, type RunningDoor, startDoor } from '../kit/up.ts'
import type { Effort, Report } from '../part.ts'

const method: readonly string[] = [
  'Every command is a process of its own, as a shell starts it, run by the Node this checkout pins; its output goes into a pipe. Twenty-one interleaved rounds after one that fills Node’s compile cache.',
  'Compared is CPU time (user and system, as bash’s `time` tells it), which is the time it takes on a machine with nothing else to do; `wall` is what the clock said here.',
  '`token` prints the session of a door signed in to before, as scripts do before every request. `token --service-account` asks a door that runs here; the door’s own time is not in it.',
]

interface Run {
  readonly cpu: number
  readonly wall: number
}

export async function benchCli(effort: Effort, say: (text: string) => void): Promise<Report> {
  const door = await startDoor(['--no-tls', '--no-demo'])
  try {
    const commands = {
      'node -e 0': ['-e', '0'],
      'kfdoor --help': [kfdoorProgram, '--help'],
      'kfdoor version': [kfdoorProgram, 'version'],
      'kfdoor token': [kfdoorProgram, 'token'],
      'kfdoor token --service-account': [kfdoorProgram, 'token', '--service-account', account],
    }
    signIn(door)
    const walls = new Map<string, number[]>()
    const contestants = Object.entries(commands).map(([name, args]) => ({
      name,
      round: () => {
        const { cpu, wall } = runOnce(args, door.env)
        walls.set(name, [...(walls.get(name) ?? []), wall])
        return cpu
      },
    }))
    for (const { round } of contestants) round()
    walls.clear()
    say(`measuring ${Object.keys(commands).join(', ')}`)
    const cpus = await interleaved(contestants, effort === 'full' ? 21 : 1)
    const plain = cpus.get('node -e 0') as Spread
    const results: Result[] = [...cpus].map(([name, { median, min, max }]) => {
      const ratio = median / plain.median
      const wall = walls.get(name)?.toSorted((a, b) => a - b)[Math.floor((walls.get(name)?.length ?? 0) / 2)]
      const compared = name.startsWith('kfdoor') && { peer: 'node -e 0', ratio }
      const goal = (name === 'kfdoor --help' || name === 'kfdoor token') && judge(atMost(1.25), ratio)
      return {
        name,
        value: median,
        unit: 'ms',
        min,
        max,
        ...compared,
        ...goal,
        note: `wall ${wall?.toFixed(0)} ms`,
      }
    })
    return { method, results }
  } finally {
    await door.stop()
  }
}

const account = 'kubeflow-user-example-com/default-editor'

function signIn({ httpUrl, env }: RunningDoor): void {
  const person = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
  const { status, stderr } = spawnSync(process.execPath, [kfdoorProgram, 'login', httpUrl], {
    env: { ...env, ...person },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`signing in failed: ${stderr}`)
}

/** @throws where the command fails: a command that is quick because it gives up is no figure. */
function runOnce(args: readonly string[], env: NodeJS.ProcessEnv): Run {
  const start = performance.now()
  const { stderr, stdout, status } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', '-', process.execPath, ...args],
    {
      env,
      encoding: 'utf8',
    },
  )
  const wall = performance.now() - start
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(stderr) ?? []
  if (status !== 0 || (args[0] === kfdoorProgram && stdout === ''))
    throw new Error(`${args.join(' ')} failed: ${stderr}`)
  return { cpu: (Number(user) + Number(system)) * 1000, wall }
}
