import { homedir } from 'node:os'
import { join } from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

/** XDG base directory specification: which doors there are. */
export const configFolder = (env: Environment): string =>
  join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'kfdoor')

/** What opens them. Apart from the settings, so that a folder of settings can be shared or kept in git. */
export const credentialsFolder = (env: Environment): string =>
  join(env.XDG_DATA_HOME || join(env.HOME || homedir(), '.local', 'share'), 'kfdoor', 'credentials')
