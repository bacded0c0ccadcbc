/**
 * Packs the recordings that are the project's own into `conformance/recorded`, so that a clone alone
 * can run them: per family one file of configurations and cases, and one of what surrounds them.
 * Left out is what was recorded on other projects' YAML: Istio's test data and Kubeflow's releases.
 *
 *     node tools/pack-conformance.ts
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { sharedPath } from './shared.ts'

const notOurs = /^(istio-testdata|kubeflow|kubeflow-doors)$/
/** Whole releases put to a sidecar. */
const releaseConfig = /^sidecar-kf-/

const from = sharedPath('conformance')
if (from === undefined) throw new Error('there is no shared folder beside the checkout to pack')
const to = fileURLToPath(new URL('../conformance/recorded/', import.meta.url))
mkdirSync(to, { recursive: true })

let total = 0
const write = (name: string, lines: readonly unknown[]) => {
  const packed = gzipSync(lines.map((line) => JSON.stringify(line)).join('\n'), { level: 9 })
  // Time and system in the header would make every run differ.
  packed.fill(0, 4, 8)
  packed[9] = 255
  writeFileSync(join(to, name), packed)
  total += packed.length
}

for (const file of readdirSync(join(from, 'cases')).sort()) {
  const family = file.replace(/\.jsonl$/, '')
  if (notOurs.test(family)) continue
  const cases = readFileSync(join(from, 'cases', file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { config?: string })
    .filter(({ config }) => config === undefined || !releaseConfig.test(config))
  const names = new Set(cases.flatMap(({ config }) => (config === undefined ? [] : [config])))
  const configs = [...names].map((config) => ({
    config,
    yaml: readFileSync(join(from, 'configs', config), 'utf8'),
  }))
  write(`${family}.jsonl.gz`, [...configs, ...cases])
  process.stdout.write(`${family}: ${cases.length} cases, ${configs.length} configurations\n`)
}

const certificates = Object.fromEntries(
  readdirSync(join(from, 'certs')).map((name) => [name, readFileSync(join(from, 'certs', name), 'utf8')]),
)
const jwksUris = JSON.parse(readFileSync(join(from, 'jwks-uris.json'), 'utf8')) as unknown
write('surroundings.jsonl.gz', [{ jwksUris, certificates }])
process.stdout.write(`${Math.round(total / 1024)} KiB in all\n`)
