import { Command, Option } from '@commander-js/extra-typings'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor doors`, `kfdoor doors use work`, `kfdoor doors remove work` */
export const doorsCommand = (io: Io) => {
  const command = new Command('doors')
    .summary('the doors signed in to: list them, choose one, forget one')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText('after', '\nExamples:\n  kfdoor doors\n  kfdoor doors use work\n  kfdoor doors remove work')
    .action(async ({ output }) => {
      const { readKeptDoors } = await import('../../compose/doors/kept-doors.ts')
      const { doors, current } = readKeptDoors(io.env)
      if (output === 'json') {
        const shown = doors.map(({ name, url, kind, user }) => ({
          name,
          url,
          kind,
          user: user ?? null,
          current: name === current,
        }))
        io.out(JSON.stringify({ doors: shown }))
        return
      }
      if (doors.length === 0) io.err('No door was signed in to yet. Begin with `kfdoor login URL`.')
      const width = Math.max(0, ...doors.map(({ name }) => name.length))
      for (const { name, url, user } of doors) {
        io.out(`${name === current ? '*' : ' '} ${name.padEnd(width)}  ${url}${user ? `  ${user}` : ''}`)
      }
    })
  command
    .command('use')
    .summary('the door that is meant when none is named')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  kfdoor doors use work')
    .action(async (name) => {
      const { changeKeptDoors, findKeptDoor } = await import('../../compose/doors/kept-doors.ts')
      await changeKeptDoors(io.env, (before) => {
        findKeptDoor(before, { name })
        return { ...before, current: name }
      })
      io.out(`\`${name}\` is the current door.`)
    })
  command
    .command('remove')
    .summary('forget a door and its credential; `kfdoor logout` ends it there too')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  kfdoor doors remove work')
    .action(async (name) => {
      const { changeKeptDoors, findKeptDoor } = await import('../../compose/doors/kept-doors.ts')
      const { keptStore } = await import('../../compose/doors/credential-store.ts')
      let gone: ReturnType<typeof findKeptDoor>
      await changeKeptDoors(io.env, (before) => {
        gone = findKeptDoor(before, { name })
        const doors = before.doors.filter((one) => one.name !== name)
        return { doors, current: before.current === name ? doors.at(-1)?.name : before.current }
      })
      if (gone) await keptStore(io.env, gone).forget()
      io.out(`\`${name}\` is forgotten.`)
      io.exit(exitCode.ok)
    })
  return command
}
