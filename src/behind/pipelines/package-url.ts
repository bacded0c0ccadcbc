import { internal, invalid, type Refusal } from './failure.ts'

/**
 * The API server downloads a package named by URL. This one calls nobody on a caller's word: the
 * refusal is the one the server gives when the download fails, and says what to do instead.
 */
export function fetchedPackage(url: string): Refusal {
  if (!URL.canParse(url)) return invalid(`invalid pipeline spec URL: ${url}`)
  return internal(
    'this server fetches no packages; upload the file with pipelines/upload instead',
    `error downloading the pipeline spec from ${url}`,
  )
}
