import { execFileSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { atMost, judge, type Result } from '../kit/result.ts'
import { spreadOf } from '../kit/rounds.ts'
import type { Effort } from '../part.ts'

const program = fileURLToPath(new URL('compile-once.ts', import.meta.url))
/** Kubeflow's own YAML, where it lies beside the checkout; its `variants` are other doors. */
const released = fileURLToPath(new URL('../../../shared/fixtures/kubeflow/26.03/', import.meta.url))

/** Compiling the 26.03 door: the one carried here, and the release's own YAML. */
export function compileTimes(effort: Effort): readonly Result[] {
  const doors = [{ name: 'compile profile:26.03', inputs: ['profile:26.03'] }]
  if (existsSync(released)) {
    const inputs = globSync(`${released}*.yaml`).sort()
    doors.push({ name: 'compile Kubeflow 26.03 as released', inputs })
  }
  return doors.map(({ name, inputs }) => {
    const times = Array.from({ length: effort === 'full' ? 7 : 1 }, () => once(inputs))
    const { median, min, max } = spreadOf(times)
    return { name, value: median, unit: 'ms', min, max, ...judge(atMost(20, 'ms'), median) }
  })
}

function once(inputs: readonly string[]): number {
  const out = execFileSync(process.execPath, [program, ...inputs], { encoding: 'utf8' })
  return (JSON.parse(out) as { readonly ms: number }).ms
}
