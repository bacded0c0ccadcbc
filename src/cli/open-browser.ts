import { spawn } from 'node:child_process'
import { withoutOwnSecrets } from '../base/index.ts'

/** Opens an address in the person's browser; false = there is none. */
export function openBrowser(url: string, env: Readonly<Record<string, string | undefined>>): boolean {
  if (!/^https?:\/\//.test(url)) return false
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : env.DISPLAY || env.WAYLAND_DISPLAY || env.BROWSER
          ? [env.BROWSER || 'xdg-open', url]
          : []
  if (command === undefined) return false
  const child = spawn(command, args, { stdio: 'ignore', detached: true, env: withoutOwnSecrets(env) })
  child.on('error', () => {})
  child.unref()
  return true
}
