import type { Door } from '../../compose/client.ts'

/** A model as a live door tells of it, to the one who asks. */
export interface LiveModel {
  readonly namespace: string
  readonly name: string
  /** As KServe published it. */
  readonly url?: string
  /** How this door routes to it; undefined = no way was found. */
  readonly at?: string
  /** What came of asking it: `ready`, `not ready`, or who refused. */
  readonly you: string
}

/** KServe's web app, where Kubeflow has put it since 1.5 and where it was before. */
const apps = ['kserve-endpoints', 'models']

/**
 * The models of your namespaces, from the dashboard's models app; each is then asked whether it is ready,
 * as you. Undefined = this door has no such app.
 */
export async function modelsOfDoor(
  door: Door,
  only: string | undefined,
): Promise<readonly LiveModel[] | undefined> {
  const namespaces =
    only === undefined ? (await door.whoAmI()).namespaces.map(({ namespace }) => namespace) : [only]
  const found: LiveModel[] = []
  let answered = false
  for (const namespace of namespaces) {
    const listed = await list(door, namespace)
    if (listed === undefined) continue
    answered = true
    for (const { name, url } of listed) {
      const { at, you } = await tryIt(door, namespace, name, url)
      found.push({
        namespace,
        name,
        ...(url !== undefined && { url }),
        ...(at !== undefined && { at }),
        you,
      })
    }
  }
  return answered ? found : undefined
}

interface Listed {
  readonly name: string
  readonly url?: string
}

async function list(door: Door, namespace: string): Promise<readonly Listed[] | undefined> {
  for (const app of apps) {
    const path = `/${app}/api/namespaces/${encodeURIComponent(namespace)}/inferenceservices`
    const response = await door.fetch(path, { headers: { accept: 'application/json' } })
    const text = await response.text()
    if (!response.ok) continue
    try {
      const { inferenceServices } = JSON.parse(text) as { inferenceServices?: unknown }
      if (Array.isArray(inferenceServices)) return inferenceServices.flatMap(oneOf)
    } catch {
      // A page: that app is not here.
    }
  }
  return undefined
}

function oneOf(value: unknown): Listed[] {
  const { metadata, status } = (value ?? {}) as {
    metadata?: { name?: unknown }
    status?: { url?: unknown }
  }
  if (typeof metadata?.name !== 'string') return []
  const url = typeof status?.url === 'string' && URL.canParse(status.url) ? status.url : undefined
  return [{ name: metadata.name, ...(url !== undefined && { url }) }]
}

async function tryIt(door: Door, namespace: string, name: string, url: string | undefined) {
  const domains = url === undefined ? [] : [new URL(url).hostname.replace(`${name}.${namespace}.`, '')]
  const model = door.kserve({ namespace, name, domains })
  try {
    const { path, host } = await model.route()
    const at = host === undefined ? `${door.url.origin}${path}` : `${door.url.origin} (Host: ${host})`
    return { at, you: (await model.ready()) ? 'ready' : 'not ready' }
  } catch (error) {
    return { you: error instanceof Error ? error.message : String(error) }
  }
}
