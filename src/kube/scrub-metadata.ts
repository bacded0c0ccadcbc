/** What an object says of itself: names and labels stay, annotations are looked through. */
import type { Scrubber } from './scrub-text.ts'
import { isSecretName } from './secret-names.ts'

type Fields = Record<string, unknown>

/** Annotations that repeat a whole object, or name people for no purpose here. */
const noise =
  /^(kubectl\.kubernetes\.io\/last-applied-configuration|kustomize\.toolkit\.fluxcd\.io\/|argocd\.argoproj\.io\/tracking-id|meta\.helm\.sh\/)/

/** Whether a reading leaves this annotation out. */
export const isNoise = (annotation: string): boolean => noise.test(annotation)

/** What kfdoor notes at what it writes: taking that back goes by it, so it has to be read word for word. */
const ours = /^kfdoor\.dev\/(expose|exempts|plan|shared-by|to|until)$/

export function cleanMetadata(metadata: Fields, scrubber: Scrubber, ofSecret = false): Fields {
  const { managedFields: _, uid: __, resourceVersion: ___, generation: ____, ...rest } = metadata
  const annotations = rest.annotations as Fields | undefined
  if (annotations) {
    rest.annotations = Object.fromEntries(
      Object.entries(annotations)
        .filter(([name, value]) => !isNoise(name) && !repeatsObject(value))
        // What is noted at a Secret may be what is in it.
        .filter(([name]) => !ofSecret || /^cert-manager\.io\//.test(name))
        .map(([name, value]) => [
          name,
          typeof value !== 'string' || ours.test(name)
            ? value
            : isSecretName(name.replace(/^.*\//, '')) || /snippet|lua|script/i.test(name)
              ? scrubber.fingerprint(value)
              : scrubber.settings(value, ''),
        ]),
    )
  }
  if (rest.labels) rest.labels = labelled(rest.labels, scrubber)
  return rest
}

/** Labels are for everybody to see; some are called by a secret’s name all the same. Equal ones stay equal. */
function labelled(labels: unknown, scrubber: Scrubber): unknown {
  return mapText(labels, (value, name) => {
    const own = name.replace(/^.*\//, '')
    return isSecretName(own) && !/-hash$/.test(own) ? scrubber.fingerprint(value) : value
  })
}

/** A copy of an object, as tools other than kubectl keep one: a Secret’s values are in it as they are. */
function repeatsObject(value: unknown): boolean {
  return typeof value === 'string' && /"?apiVersion"?\s*:/.test(value) && /"?kind"?\s*:/.test(value)
}

/** Every text of a record, changed. */
export function mapText(data: unknown, change: (text: string, key: string) => string): unknown {
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(
    Object.entries(data as Record<string, string>).map(([key, text]) => [
      key,
      typeof text === 'string' ? change(text, key) : text,
    ]),
  )
}
