// `npm test`: every test that needs nothing but this checkout, and what lies beside it.
// Arguments are passed on to Node's test runner; file patterns replace the default ones.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const shared = existsSync(new URL('../../shared/', import.meta.url))

process.stdout.write(
  shared
    ? 'The recordings beside this checkout are there: everything runs.\n'
    : 'No shared folder beside this checkout: the recordings it carries run; what compares with Kubeflow releases’ own YAML and with recorded sign-ins is left out, each named below as skipped.\n',
)
process.stdout.write('Suites with real parts (Envoy, kfp, KServe, LDAP, Chromium): npm run test:real\n')

const given = process.argv.slice(2)
const patterns = given.filter((argument) => !argument.startsWith('-'))
const files = globSync(
  patterns.length > 0
    ? patterns
    : [
        'src/**/*.test.ts',
        'conformance/**/*.test.ts',
        'tools/**/*.test.ts',
        'e2e/**/*.test.ts',
        'bench/**/*.test.ts',
      ],
  {
    cwd: root,
  },
)
  .filter((file) => patterns.length > 0 || !/\.(?:real|peer)\.test\.ts$/.test(file))
  .sort()
// Without a file Node's runner takes every test it finds, those with real parts too.
if (files.length === 0) {
  process.stderr.write(`no file here is ${patterns.join(' or ')}\n`)
  process.exit(2)
}
const { status } = spawnSync(
  process.execPath,
  // A test that hangs is a failure with a name; ten minutes are more than the slowest file takes.
  [
    '--test',
    '--test-reporter=spec',
    '--test-timeout=600000',
    ...given.filter((argument) => argument.startsWith('-')),
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)
