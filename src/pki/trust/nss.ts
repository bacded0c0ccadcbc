import type { Machine, Root, Store, Unusable } from './steps.ts'

/** Chromium's store, its snap's, and those of Firefox, below the home folder. */
const linux = [
  '.pki/nssdb',
  'snap/chromium/current/.pki/nssdb',
  '.mozilla/firefox/*',
  'snap/firefox/common/.mozilla/firefox/*',
]
const macos = ['Library/Application Support/Firefox/Profiles/*']

/**
 * NSS: Chromium on Linux and Firefox keep roots of their own. `certutil` is the only way in, and is
 * asked database by database. Where Chromium is and never ran there is no database yet: it is made.
 */
export function nssStores(machine: Machine, root: Root, file: string): readonly (Store | Unusable)[] {
  if (machine.platform === 'win32') {
    return [
      {
        kind: 'nss',
        what: 'Firefox’s store',
        why: 'Firefox on Windows reads the system’s own roots, when `security.enterprise_roots.enabled` is on',
      },
    ]
  }
  const patterns = machine.platform === 'darwin' ? macos : linux
  const databases = patterns
    .flatMap((pattern) => machine.glob(`${machine.home}/${pattern}`))
    .filter((folder) => machine.exists(`${folder}/cert9.db`))
  const chromium = `${machine.home}/.pki/nssdb`
  const makeIt =
    machine.platform === 'linux' &&
    !databases.includes(chromium) &&
    ['chromium', 'chromium-browser', 'google-chrome'].some(machine.has)
  const all = [...(makeIt ? [chromium] : []), ...databases]
  if (all.length === 0) return []
  if (!machine.has('certutil')) {
    const how =
      machine.platform === 'darwin'
        ? 'brew install nss'
        : 'apt install libnss3-tools, or dnf install nss-tools'
    return all.map((what) => ({ kind: 'nss' as const, what, why: `\`certutil\` is not installed (${how})` }))
  }
  return all.map((folder): Store => {
    const certutil = (...words: readonly string[]) => ({
      do: 'run' as const,
      command: ['certutil', ...words],
      asRoot: false,
    })
    const at = ['-d', `sql:${folder}`]
    return {
      kind: 'nss',
      what: folder,
      who: folder.includes('firefox') || folder.includes('Firefox') ? 'Firefox' : 'Chromium, Chrome, Edge',
      install: [
        ...(makeIt && folder === chromium
          ? [
              { do: 'run' as const, command: ['mkdir', '-p', folder], asRoot: false },
              certutil('-N', ...at, '--empty-password'),
            ]
          : []),
        // C: it may vouch for servers; nothing else.
        certutil('-A', ...at, '-t', 'C,,', '-n', root.name, '-i', file),
      ],
      uninstall: [certutil('-D', ...at, '-n', root.name)],
      ask: ['certutil', '-L', ...at, '-n', root.name],
    }
  })
}
