// `node tools/deploy.ts`: writes the Kustomize base, its components and overlays, and the Helm chart below
// deploy/ from the one source in tools/deploy/.
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deployFiles } from './deploy/write.ts'

const root = fileURLToPath(new URL('../deploy/', import.meta.url))
const files = deployFiles()
for (const old of globSync('{kustomize,helm,mesh,seats}/**/*.yaml', { cwd: root }))
  if (!files.has(old)) rmSync(join(root, old))
for (const [path, text] of files) {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
