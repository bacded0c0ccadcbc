import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { createAuthority, doorNames } from '../index.ts'
import { type Machine, rootToTrust, type Step, type StoreKind, trustStores } from './index.ts'

const root = { pem: 'PEM\n', name: 'a root (0a1b2c3d)', slug: 'kfdoor-0a1b2c3d', sha1: 'AB12' }

function aMachine(
  given: Partial<Machine> & {
    readonly files?: readonly string[]
    readonly programs?: readonly string[]
  } = {},
): Machine {
  const { files = [], programs = [], ...rest } = given
  return {
    platform: 'linux',
    home: '/home/me',
    root: '/',
    exists: (path) => files.includes(path),
    has: (program) => programs.includes(program),
    glob: (pattern) =>
      files
        .map((file) => file.replace(/\/cert9\.db$/, ''))
        .filter((folder) => new RegExp(`^${pattern.replaceAll('*', '[^/]+')}$`).test(folder)),
    ...rest,
  }
}

const line = (step: Step) => (step.do === 'run' ? step.command.join(' ') : `${step.do} ${step.path}`)
const all: readonly StoreKind[] = ['system', 'nss', 'java']

const rows: readonly (readonly [
  what: string,
  machine: Machine,
  install: readonly string[],
  uninstall: readonly string[],
])[] = [
  [
    'Debian, by the administrator',
    aMachine({ files: ['/usr/local/share/ca-certificates/'], programs: ['update-ca-certificates'] }),
    ['write /usr/local/share/ca-certificates/kfdoor-0a1b2c3d.crt', 'update-ca-certificates'],
    ['remove /usr/local/share/ca-certificates/kfdoor-0a1b2c3d.crt', 'update-ca-certificates --fresh'],
  ],
  [
    'Fedora',
    aMachine({ files: ['/etc/pki/ca-trust/source/anchors/'], programs: ['update-ca-trust'] }),
    ['write /etc/pki/ca-trust/source/anchors/kfdoor-0a1b2c3d.pem', 'update-ca-trust extract'],
    ['remove /etc/pki/ca-trust/source/anchors/kfdoor-0a1b2c3d.pem', 'update-ca-trust extract'],
  ],
  [
    'Arch',
    aMachine({ files: ['/etc/ca-certificates/trust-source/anchors/'], programs: ['trust'] }),
    ['write /etc/ca-certificates/trust-source/anchors/kfdoor-0a1b2c3d.crt', 'trust extract-compat'],
    ['remove /etc/ca-certificates/trust-source/anchors/kfdoor-0a1b2c3d.crt', 'trust extract-compat'],
  ],
  [
    'openSUSE',
    aMachine({ files: ['/usr/share/pki/trust/anchors/'], programs: ['update-ca-certificates'] }),
    ['write /usr/share/pki/trust/anchors/kfdoor-0a1b2c3d.pem', 'update-ca-certificates'],
    ['remove /usr/share/pki/trust/anchors/kfdoor-0a1b2c3d.pem', 'update-ca-certificates'],
  ],
  [
    'Chromium that never ran: its database is made',
    aMachine({ programs: ['certutil', 'chromium'] }),
    [
      'mkdir -p /home/me/.pki/nssdb',
      'certutil -N -d sql:/home/me/.pki/nssdb --empty-password',
      'certutil -A -d sql:/home/me/.pki/nssdb -t C,, -n a root (0a1b2c3d) -i ca.crt',
    ],
    ['certutil -D -d sql:/home/me/.pki/nssdb -n a root (0a1b2c3d)'],
  ],
  [
    'Firefox, a profile',
    aMachine({ files: ['/home/me/.mozilla/firefox/ab.default/cert9.db'], programs: ['certutil'] }),
    ['certutil -A -d sql:/home/me/.mozilla/firefox/ab.default -t C,, -n a root (0a1b2c3d) -i ca.crt'],
    ['certutil -D -d sql:/home/me/.mozilla/firefox/ab.default -n a root (0a1b2c3d)'],
  ],
  [
    'macOS',
    aMachine({ platform: 'darwin' }),
    ['security add-trusted-cert -d -r trustRoot -p ssl -k /Library/Keychains/System.keychain ca.crt'],
    [
      'security remove-trusted-cert -d ca.crt',
      'security delete-certificate -Z AB12 /Library/Keychains/System.keychain',
    ],
  ],
  [
    'Windows',
    aMachine({ platform: 'win32' }),
    ['certutil -user -addstore Root ca.crt'],
    ['certutil -user -delstore Root AB12'],
  ],
  [
    'Java, by JAVA_HOME',
    aMachine({ java: '/opt/jdk', files: ['/opt/jdk/bin/keytool', '/opt/jdk/lib/security/cacerts'] }),
    [
      '/opt/jdk/bin/keytool -importcert -noprompt -alias kfdoor-0a1b2c3d -file ca.crt -keystore /opt/jdk/lib/security/cacerts -storepass changeit',
    ],
    [
      '/opt/jdk/bin/keytool -delete -alias kfdoor-0a1b2c3d -keystore /opt/jdk/lib/security/cacerts -storepass changeit',
    ],
  ],
]

for (const [what, machine, install, uninstall] of rows) {
  test(what, () => {
    const { stores } = trustStores(machine, root, 'ca.crt', all)
    assert.deepEqual(
      stores.flatMap((store) => store.install.map(line)),
      install,
    )
    assert.deepEqual(
      stores.flatMap((store) => store.uninstall.map(line)),
      uninstall,
    )
  })
}

test('what is missing is named, with the package that has it', () => {
  const { stores, unusable } = trustStores(
    aMachine({ files: ['/usr/local/share/ca-certificates/', '/home/me/.pki/nssdb/cert9.db'] }),
    root,
    'ca.crt',
    all,
  )
  assert.deepEqual(stores, [])
  assert.match(unusable.map(({ why }) => why).join('\n'), /package ca-certificates[\s\S]*libnss3-tools/)
})

test('a name in a certificate is nobody’s way into certutil', async () => {
  const { certPem } = await createAuthority({ names: doorNames(['door.test']), clock: Date.now })
  assert.match(
    rootToTrust(certPem, 'ca.crt').name,
    /^kfdoor root [0-9a-f]{8} for door\.test \([0-9a-f]{8}\)$/,
  )
  assert.throws(
    () => rootToTrust('nothing', 'ca.crt'),
    (error) => isFault(error) && error.code === 'ERR_PEM_UNREADABLE',
  )
})
