import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { cached } from './cache.ts'
import type { Cluster } from './kubernetes.ts'

const module = fileURLToPath(new URL('./manifests/', import.meta.url))

/** A manifest as it is applied. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** kustomize and helm, built once from the Go module beside this file. */
async function ensureRenderers(): Promise<{ readonly kustomize: string; readonly helm: string }> {
  const digest = createHash('sha256')
    .update(readFileSync(join(module, 'go.sum')))
    .digest('hex')
    .slice(0, 8)
  const folder = await cached(`manifests-${digest}`, (place) => {
    const source = mkdtempSync(join(tmpdir(), 'kfdoor-manifests-'))
    for (const name of ['go.mod', 'go.sum', 'tools.go']) copyFileSync(join(module, name), join(source, name))
    const build = (name: string, path: string) =>
      execFileSync('go', ['build', '-ldflags=-s -w', '-o', join(place, name), path], {
        cwd: source,
        stdio: 'inherit',
        env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      })
    try {
      build('kustomize', 'sigs.k8s.io/kustomize/kustomize/v5')
      build('helm', 'helm.sh/helm/v3/cmd/helm')
    } finally {
      rmSync(source, { recursive: true, force: true })
    }
  })
  return { kustomize: join(folder, 'kustomize'), helm: join(folder, 'helm') }
}

const parse = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((one) => one.toJS() as Manifest | null)
    .filter((one): one is Manifest => one !== null)

/** What the real programs make of a folder and of a chart. */
export async function startRenderers() {
  const { kustomize, helm } = await ensureRenderers()
  return {
    kustomize: (folder: string) => parse(execFileSync(kustomize, ['build', folder], { encoding: 'utf8' })),
    helm: (chart: string, ...set: readonly string[]) =>
      parse(
        execFileSync(
          helm,
          [
            'template',
            'kfdoor',
            chart,
            '--namespace',
            'kfdoor',
            '--kube-version',
            '1.36.0',
            ...set.flatMap((one) => ['--set', one]),
          ],
          { encoding: 'utf8' },
        ),
      ),
    lint: (chart: string) => execFileSync(helm, ['lint', '--strict', chart], { encoding: 'utf8' }),
  }
}

/** Server-side apply, strict about fields no schema knows; resolves status and message. */
export async function applyTo(
  cluster: Cluster,
  manifest: Manifest,
  options: { readonly dryRun?: boolean } = {},
): Promise<{ readonly status: number; readonly message: string }> {
  const { apiVersion, kind, metadata } = manifest
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const known = await cluster.call('GET', root)
  const resource = known.body.resources?.find(
    (one: { kind: string; name: string }) => one.kind === kind && !one.name.includes('/'),
  )
  if (!resource) return { status: 404, message: `${apiVersion} has no ${kind}` }
  const namespace = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
  const query = `fieldManager=kfdoor-test&force=true&fieldValidation=Strict${options.dryRun ? '&dryRun=All' : ''}`
  const { status, body } = await cluster.call(
    'PATCH',
    `${root}${namespace}/${resource.name}/${metadata.name}?${query}`,
    { body: JSON.stringify(manifest), contentType: 'application/apply-patch+yaml' },
  )
  return { status, message: typeof body === 'string' ? body : (body.message ?? '') }
}
